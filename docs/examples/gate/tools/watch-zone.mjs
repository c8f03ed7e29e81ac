/** `site.watch_zone`: keeps the detections in one zone of the image and reports when the camera cannot see the zone. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Sampling every fourth pixel in each direction is accurate enough, at a sixteenth of the cost. */
const sampleStep = 4;
/** Frame sizes to cache samples for; beyond this, the oldest entry is removed. */
const maxSizes = 8;

export default ({ z }) => {
  const fraction = z.number().min(0).max(1);
  /** Corners are fractions of the image's width and height, so that one file works at any resolution. */
  const zoneSchema = z.strictObject({ corners: z.array(z.tuple([fraction, fraction])).min(3) });

  const side = z.int().min(1).max(8192);
  const params = z.strictObject({
    zone: z.string().regex(/^[\w-]+$/),
    min_brightness: z.number().min(0).max(255).default(35),
    min_sharpness: z.number().min(0).default(4),
    warm_size: z.tuple([side, side]).default([640, 480]),
  });

  /** Reads MODELS_DIR/zones/NAME.json. Throws if the file is missing or is not a valid zone. */
  function readZone(name, { modelsDir }) {
    return zoneSchema.parse(JSON.parse(readFileSync(join(modelsDir, 'zones', `${name}.json`), 'utf8')));
  }

  return {
    pluginId: 'site',
    toolId: 'watch_zone',
    description: 'Keeps the detections in a zone and measures brightness and sharpness there',
    inputs: ['detections'],
    outputs: ['detections', 'zone'],
    failureDetail: 'Zone check failed',
    params,

    /** Called before any thread starts. Returns one line per issue that can be found without running. */
    check({ zone }, context) {
      try {
        readZone(zone, context);
        return [];
      } catch (error) {
        const issues = error instanceof z.ZodError ? error.issues : [error];
        return issues.map(({ message }) => `zones/${zone}.json: ${message}`);
      }
    },

    /** Called once per thread. What is kept here is shared by all cameras that the thread serves, in any order. */
    async create({ zone, min_brightness, min_sharpness, warm_size }, context) {
      const { corners } = readZone(zone, context);
      const samplesBySize = new Map();

      function samplesOf({ width, height }) {
        const size = `${width}x${height}`;
        const cached = samplesBySize.get(size);
        if (cached !== undefined) return cached;
        if (samplesBySize.size >= maxSizes) samplesBySize.delete(samplesBySize.keys().next().value);
        const samples = findSamples(corners, width, height);
        samplesBySize.set(size, samples);
        return samples;
      }

      const instance = {
        /** Fills the cache and lets V8 compile the code, so that the first frame does not pay for it. */
        async warm() {
          const [width, height] = warm_size;
          instance.run({
            image: { width, height, channels: 3, data: new Uint8Array(width * height * 3) },
            detections: [],
          });
        },

        /** Called once per frame. */
        run({ image, detections }) {
          const samples = samplesOf(image);
          if (samples.length === 0) throw new Error(`zone ${zone} contains no pixel at ${image.width}x${image.height}`);
          const { brightness, sharpness } = measure(image, samples);
          const issue = brightness < min_brightness ? 'dark' : sharpness < min_sharpness ? 'blurred' : null;
          const isInside = ({ x, y, w, h }) => contains(corners, (x + w / 2) / image.width, (y + h / 2) / image.height);
          return {
            detections: detections.filter(isInside),
            zone: { name: zone, brightness: Math.round(brightness), sharpness: Math.round(sharpness * 10) / 10, issue },
          };
        },
      };
      return instance;
    },
  };
};

/** Even-odd rule: a point is inside if a ray to the right crosses the outline an odd number of times. */
function contains(corners, x, y) {
  let inside = false;
  corners.forEach(([x1, y1], index) => {
    const [x2, y2] = corners.at(index - 1);
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
  });
  return inside;
}

/** Returns the indexes of the pixels to sample. Border pixels are excluded, since each sample needs four neighbors. */
function findSamples(corners, width, height) {
  const samples = [];
  for (let y = 1; y < height - 1; y += sampleStep) {
    for (let x = 1; x < width - 1; x += sampleStep) {
      if (contains(corners, x / width, y / height)) samples.push(y * width + x);
    }
  }
  return Uint32Array.from(samples);
}

/** Returns the mean brightness, 0 to 255, and the sharpness: the standard deviation of the Laplacian. */
function measure({ data, width, channels }, samples) {
  const level = channels === 3 ? (pixel) => luma(data, 3 * pixel) : (pixel) => data[pixel];
  let brightness = 0;
  let sum = 0;
  let squares = 0;
  for (const pixel of samples) {
    const center = level(pixel);
    const edge = 4 * center - level(pixel - 1) - level(pixel + 1) - level(pixel - width) - level(pixel + width);
    brightness += center;
    sum += edge;
    squares += edge * edge;
  }
  const count = samples.length;
  return { brightness: brightness / count, sharpness: Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2)) };
}

/** Luma of an RGB pixel (BT.601, in 256ths). */
function luma(data, at) {
  return (77 * data[at] + 150 * data[at + 1] + 29 * data[at + 2]) >> 8;
}
