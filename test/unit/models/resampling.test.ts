/** Reductions average whole blocks, and samples that are read four at once give the same values as one by one. */
import { test } from 'tap';
import type { Image } from '../../../src/models/image.ts';
import { type Normalization, nchwTensor, nhwcTensor, unitRgb, writeRegion } from '../../../src/models/image-tensor.ts';
import type { Region } from '../../../src/models/resampling.ts';
import { assertClose, fullTensor, noise } from '../../support/noise-image.ts';

/** The mean of each block of a region, `[3, height, width]`, 0 to 255. */
function meansOfBlocks(image: Image, region: Region, factor: number): number[] {
  const means: number[] = [];
  const taps = [...Array(factor).keys()];
  for (let channel = 0; channel < 3; channel++) {
    for (let y = region.y; y < region.y + region.h; y += factor) {
      for (let x = region.x; x < region.x + region.w; x += factor) {
        const samples = taps.flatMap((down) =>
          taps.map((across) => {
            const pixel = (y + down) * image.width + x + across;
            return image.data[pixel * image.channels + (channel % image.channels)] as number;
          }),
        );
        means.push(Math.round(samples.reduce((sum, sample) => sum + sample, 0) / samples.length));
      }
    }
  }
  return means;
}

test('a reduction by two or more averages whole blocks', async (t) => {
  for (const channels of [1, 3] as const) {
    for (const factor of [2, 3, 4, 5]) {
      const image = noise(5 * factor + 3, 4 * factor + 2, channels);
      const region = { x: 2, y: 1, w: 5 * factor, h: 4 * factor };
      const means = meansOfBlocks(image, region, factor);
      const nchw = new Float32Array(60);
      writeRegion(image, region, nchwTensor(nchw, 5, 4, unitRgb), fullTensor(5, 4));
      assertClose(
        nchw,
        means.map((mean) => mean / 255),
      );
      const pixels = new Uint8Array(60);
      writeRegion(image, region, nhwcTensor(pixels, 5, 4), fullTensor(5, 4));
      t.strictSame(
        [...pixels],
        means.map((_, at) => means[(at % 3) * 20 + Math.floor(at / 3)]),
        `${channels} channels by ${factor}`,
      );
    }
  }
});

/** The same image with its samples at another place in memory, where they do not begin with a whole word. */
function shiftedInMemory(image: Image): Image {
  const memory = new Uint8Array(image.data.length + 1);
  memory.set(image.data, 1);
  return { ...image, data: memory.subarray(1) };
}

test('four samples at once give the same as one by one, also at the end of odd rows', async (t) => {
  for (const factor of [2, 3, 4]) {
    for (const [across, x] of [
      [5, 0],
      [6, 4],
      [7, 8],
      [8, 0],
    ] as const) {
      const image = noise(4 * Math.ceil((across * factor + x) / 4), 3 * factor + 1);
      const region = { x, y: 1, w: across * factor, h: 3 * factor };
      const means = meansOfBlocks(image, region, factor);
      for (const source of [image, shiftedInMemory(image)]) {
        const out = new Float32Array(9 * across);
        writeRegion(source, region, nchwTensor(out, across, 3, unitRgb), fullTensor(across, 3));
        assertClose(
          out,
          means.map((mean) => mean / 255),
        );
      }
    }
  }
  const image = noise(16, 6);
  const bgr: Normalization = { mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 1], order: 'bgr' };
  for (const region of [
    { x: 0, y: 0, w: 16, h: 6 },
    { x: 4, y: 2, w: 8, h: 3 },
    { x: 3, y: 1, w: 8, h: 3 },
    { x: 4, y: 1, w: 7, h: 3 },
  ]) {
    const written = [image, shiftedInMemory(image)].map((source) => {
      const out = new Float32Array(3 * 20 * 8);
      writeRegion(source, region, nchwTensor(out, 20, 8, bgr), { x: 1, y: 2, width: region.w, height: region.h });
      return out;
    });
    t.same(written[0], written[1], JSON.stringify(region));
    const at = 20 * 2 + 1;
    const from = 3 * (16 * region.y + region.x);
    assertClose((written[0] as Float32Array).subarray(at, at + 1), [
      ((image.data[from + 2] as number) / 255 - 0.1) / 0.5,
    ]);
  }
});
