/** `site.watch_zone`: keeps what stands in one zone of the picture, and says when the camera cannot see there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every fourth pixel each way is enough to judge light and sharpness, and costs a sixteenth. */
const sampleStep = 4;
/** Cameras of more sizes than this take turns. */
const mostSizes = 8;

export default ({ z }) => {
  const fraction = z.number().min(0).max(1);
  /** Corners as parts of the picture's width and height, so that one file fits cameras of any size. */
  const zoneSchema = z.strictObject({ corners: z.array(z.tuple([fraction, fraction])).min(3) });

  const side = z.int().min(1).max(8192);
  const params = z.strictObject({
    zone: z.string().regex(/^[\w-]+$/),
    dark_below: z.number().min(0).max(255).default(35),
    blurred_below: z.number().min(0).default(4),
    warm_size: z.tuple([side, side]).default([640, 480]),
  });

  /** Reads MODELS_DIR/zones/NAME.json. Throws where it is missing, no JSON, or no zone. */
  function readZone(name, { modelsDir }) {
    return zoneSchema.parse(JSON.parse(readFileSync(join(modelsDir, 'zones', `${name}.json`), 'utf8')));
  }

  return {
    pluginId: 'site',
    toolId: 'watch_zone',
    description: 'Keeps the detections in a zone, and judges light and sharpness there',
    inputs: ['detections'],
    outputs: ['detections', 'zone'],
    failureDetail: 'Zone check failed',
    params,

    /** Before any thread starts: one line for each fault that can be seen without running. */
    check({ zone }, context) {
      try {
        readZone(zone, context);
        return [];
      } catch (error) {
        const faults = error instanceof z.ZodError ? error.issues : [error];
        return faults.map(({ message }) => `zones/${zone}.json: ${message}`);
      }
    },

    /** Once per thread. What is kept here serves every camera that this thread works for, in any order. */
    async create({ zone, dark_below, blurred_below, warm_size }, context) {
      const { corners } = readZone(zone, context);
      const samplesBySize = new Map();

      function samplesOf({ width, height }) {
        const size = `${width}x${height}`;
        const known = samplesBySize.get(size);
        if (known !== undefined) return known;
        if (samplesBySize.size >= mostSizes) samplesBySize.delete(samplesBySize.keys().next().value);
        const samples = findSamples(corners, width, height);
        samplesBySize.set(size, samples);
        return samples;
      }

      const instance = {
        /** Finds the samples and lets the compiler see the code, so that no frame waits for either. */
        async warm() {
          const [width, height] = warm_size;
          instance.run({
            image: { width, height, channels: 3, data: new Uint8Array(width * height * 3) },
            detections: [],
          });
        },

        /** Once per frame. */
        run({ image, detections }) {
          const samples = samplesOf(image);
          if (samples.length === 0) throw new Error(`no pixel of ${image.width} x ${image.height} is in zone ${zone}`);
          const { light, sharpness } = judge(image, samples);
          const fault = light < dark_below ? 'dark' : sharpness < blurred_below ? 'blurred' : null;
          const isInside = ({ x, y, w, h }) => contains(corners, (x + w / 2) / image.width, (y + h / 2) / image.height);
          return {
            detections: detections.filter(isInside),
            zone: { name: zone, light: Math.round(light), sharpness: Math.round(sharpness * 10) / 10, fault },
          };
        },
      };
      return instance;
    },
  };
};

/** Even-odd rule: a ray to the right crosses the outline an odd number of times. */
function contains(corners, x, y) {
  let inside = false;
  corners.forEach(([x1, y1], index) => {
    const [x2, y2] = corners.at(index - 1);
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
  });
  return inside;
}

/** The pixels to look at, by their number in the picture; none at its border, since each needs four neighbours. */
function findSamples(corners, width, height) {
  const samples = [];
  for (let y = 1; y < height - 1; y += sampleStep) {
    for (let x = 1; x < width - 1; x += sampleStep) {
      if (contains(corners, x / width, y / height)) samples.push(y * width + x);
    }
  }
  return Uint32Array.from(samples);
}

/** Mean brightness, 0 to 255, and how much a pixel differs from its neighbours: deviation of the Laplacian. */
function judge({ data, width, channels }, samples) {
  const level = channels === 3 ? (pixel) => luma(data, 3 * pixel) : (pixel) => data[pixel];
  let light = 0;
  let sum = 0;
  let squares = 0;
  for (const pixel of samples) {
    const own = level(pixel);
    const edge = 4 * own - level(pixel - 1) - level(pixel + 1) - level(pixel - width) - level(pixel + width);
    light += own;
    sum += edge;
    squares += edge * edge;
  }
  const count = samples.length;
  return { light: light / count, sharpness: Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2)) };
}

/** How bright a colour looks (BT.601, in 256ths). */
function luma(data, at) {
  return (77 * data[at] + 150 * data[at + 1] + 29 * data[at + 2]) >> 8;
}
