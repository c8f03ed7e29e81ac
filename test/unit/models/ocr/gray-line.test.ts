/** A gray line equals resizing all channels first and converting to gray afterwards. */
import fc from 'fast-check';
import { test } from 'tap';
import type { Image } from '../../../../src/models/image.ts';
import { type Normalization, nchwTensor, unitRgb, writeRegion } from '../../../../src/models/image-tensor.ts';
import { GrayLineWriter } from '../../../../src/models/ocr/gray-line.ts';
import type { Region } from '../../../../src/models/resampling.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

function noise(width: number, height: number, channels: 1 | 3 = 3): Image {
  const random = seededRandom(width * 1000 + height);
  const data = Uint8Array.from({ length: width * height * channels }, () => 256 * random());
  return { width, height, channels, data };
}

/** Resizes three channels, then converts them to gray by ITU-R BT.601. */
function convertedAfterwards(
  image: Image,
  region: Region,
  width: number,
  height: number,
  norm: Normalization,
): number[] {
  const size = width * height;
  const tensor = new Float32Array(3 * size);
  writeRegion(image, region, nchwTensor(tensor, width, height, norm), { x: 0, y: 0, width, height });
  const [red, blue] = norm.order === 'rgb' ? [0, 2] : [2, 0];
  const at = (channel: number, index: number) => tensor[channel * size + index] as number;
  return Array.from({ length: size }, (_, i) => 0.299 * at(red, i) + 0.587 * at(1, i) + 0.114 * at(blue, i));
}

function maxDifference(a: ArrayLike<number>, b: readonly number[]): number {
  return b.reduce((max, value, index) => Math.max(max, Math.abs(value - (a[index] as number))), 0);
}

/** A hundredth of the step between two 8-bit samples: only float32 rounding may differ. */
const roundingOnly = 0.01 / 255;

test('converts any region of any image, enlarged or reduced', (t) => {
  const [maxWidth, height] = [56, 16];
  const writer = new GrayLineWriter(height, maxWidth, unitRgb);
  const side = fc.integer({ min: 1, max: 130 });
  const fraction = fc.double({ min: 0, max: 1, noNaN: true });
  const property = fc.property(
    fc.record({ width: side, height: side, channels: fc.constantFrom<1 | 3>(1, 3) }),
    fc.tuple(fraction, fraction, fraction, fraction),
    fc.integer({ min: 1, max: maxWidth }),
    (size, [x, y, w, h], width) => {
      const image = noise(size.width, size.height, size.channels);
      const corner = { x: x * (image.width - 1), y: y * (image.height - 1) };
      const region = {
        ...corner,
        w: 1 + w * (image.width - 1 - corner.x),
        h: 1 + h * (image.height - 1 - corner.y),
      };
      const out = new Float32Array(width * height);
      writer.write(image, region, out, width);
      return maxDifference(out, convertedAfterwards(image, region, width, height, unitRgb)) < roundingOnly;
    },
  );
  fc.assert(property, { numRuns: 500 });
  t.end();
});

test('applies the normalization per channel, in the channel order', (t) => {
  const image = noise(40, 20);
  const region = { x: 3.5, y: 2.25, w: 30, h: 15.5 };
  for (const order of ['rgb', 'bgr'] as const) {
    const norm: Normalization = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.5], order };
    const out = new Float32Array(56 * 16);
    new GrayLineWriter(16, 56, norm).write(image, region, out, 56);
    t.ok(maxDifference(out, convertedAfterwards(image, region, 56, 16, norm)) < 1e-5, order);
  }
  t.end();
});
