/** Images are written into tensors with the same arithmetic as a plain reference, pixel by pixel. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { type Image, placeImage, type Resize } from '../../../src/models/image.ts';
import {
  type ImageTensor,
  type Normalization,
  nchwTensor,
  nhwcTensor,
  unitRgb,
  writePlaced,
  writeRegion,
} from '../../../src/models/image-tensor.ts';
import { assertClose, fullTensor, noise, whole } from '../../support/noise-image.ts';

/** Writes an image into the whole tensor. */
function write(image: Image, out: ImageTensor, resize: Resize = 'letterbox'): void {
  writePlaced(image, placeImage(image, out, resize), out);
}

/** Reference for one sample: half-pixel centers, clamped at the edges. */
function sampleBilinear(image: Image, x: number, y: number, channel: number): number {
  const at = (column: number, row: number) =>
    image.data[
      (Math.min(image.height - 1, row) * image.width + Math.min(image.width - 1, column)) * image.channels +
        (image.channels === 1 ? 0 : channel)
    ] as number;
  const clampedX = Math.min(image.width - 1, Math.max(0, x));
  const clampedY = Math.min(image.height - 1, Math.max(0, y));
  const [left, top] = [Math.floor(clampedX), Math.floor(clampedY)];
  const [across, down] = [clampedX - left, clampedY - top];
  const upper = at(left, top) * (1 - across) + at(left + 1, top) * across;
  const lower = at(left, top + 1) * (1 - across) + at(left + 1, top + 1) * across;
  return upper * (1 - down) + lower * down;
}

/** Reference for the whole resize: NCHW, RGB, 0 to 1. */
function resizeByDefinition(image: Image, region: ReturnType<typeof whole>, width: number, height: number) {
  const out = [];
  for (let channel = 0; channel < 3; channel++) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const x = region.x + ((column + 0.5) * region.w) / width - 0.5;
        const y = region.y + ((row + 0.5) * region.h) / height - 0.5;
        out.push(sampleBilinear(image, x, y, channel) / 255);
      }
    }
  }
  return out;
}

test('without resizing, the tensor has the image’s samples, channel by channel', async (t) => {
  const image: Image = { width: 2, height: 1, channels: 3, data: Uint8Array.of(255, 0, 51, 102, 153, 204) };
  const out = new Float32Array(6);
  writeRegion(image, whole(image), nchwTensor(out, 2, 1, unitRgb), fullTensor(2, 1));
  assertClose(out, [1, 0.4, 0, 0.6, 0.2, 0.8]);
  t.pass();
});

test('any resize up to a factor of two matches the reference', async () => {
  const side = fc.integer({ min: 1, max: 12 });
  const size = fc.integer({ min: 1, max: 24 });
  fc.assert(
    fc.property(side, side, size, size, fc.constantFrom(1 as const, 3 as const), (w, h, width, height, channels) => {
      fc.pre(Math.min(w / width, h / height) < 2);
      const image = noise(w, h, channels);
      const out = new Float32Array(3 * width * height);
      writeRegion(image, whole(image), nchwTensor(out, width, height, unitRgb), fullTensor(width, height));
      assertClose(out, resizeByDefinition(image, whole(image), width, height));
    }),
  );
});

test('a fractional region matches the reference', async (t) => {
  const image = noise(20, 16);
  const region = { x: 3.25, y: 1.5, w: 9.75, h: 11.125 };
  const out = new Float32Array(3 * 8 * 10);
  writeRegion(image, region, nchwTensor(out, 8, 10, unitRgb), fullTensor(8, 10));
  assertClose(out, resizeByDefinition(image, region, 8, 10));
  t.pass();
});

test('a fine pattern is averaged without aliasing', async (t) => {
  const stripes: Image = {
    width: 90,
    height: 90,
    channels: 1,
    data: Uint8Array.from({ length: 8100 }, (_, at) => (at % 2 === 0 ? 0 : 255)),
  };
  for (const side of [45, 40, 20]) {
    const out = new Float32Array(3 * side * side);
    writeRegion(stripes, whole(stripes), nchwTensor(out, side, side, unitRgb), fullTensor(side, side));
    t.ok(
      out.every((value) => Math.abs(value - 0.5) < 0.01),
      `to ${side} pixels`,
    );
  }
});

test('a grayscale image fills all three channels', async (t) => {
  const image = noise(6, 5, 1);
  const out = new Float32Array(3 * 30);
  writeRegion(image, whole(image), nchwTensor(out, 6, 5, unitRgb), fullTensor(6, 5));
  t.same(out.subarray(0, 30), out.subarray(30, 60));
  t.same(out.subarray(0, 30), out.subarray(60, 90));
  assertClose(
    out.subarray(0, 30),
    [...image.data].map((value) => value / 255),
  );
});

test('applies mean, deviation and channel order', async (t) => {
  const image: Image = { width: 1, height: 1, channels: 3, data: Uint8Array.of(255, 0, 51) };
  const bgr: Normalization = { mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 1], order: 'bgr' };
  const out = new Float32Array(3);
  writeRegion(image, whole(image), nchwTensor(out, 1, 1, bgr), fullTensor(1, 1));
  assertClose(out, [(0.2 - 0.1) / 0.5, (0 - 0.2) / 0.25, (1 - 0.3) / 1]);
  t.pass();
});

test('writes only the destination rectangle', async (t) => {
  const image = noise(2, 2);
  const out = new Float32Array(3 * 16).fill(-7);
  writeRegion(image, whole(image), nchwTensor(out, 4, 4, unitRgb), { x: 1, y: 2, width: 2, height: 2 });
  for (let channel = 0; channel < 3; channel++) {
    const written = [...out.subarray(16 * channel, 16 * channel + 16)].flatMap((value, at) => (value === -7 ? [] : at));
    t.same(written, [9, 10, 13, 14]);
  }
  const pixels = new Uint8Array(3 * 16).fill(7);
  writeRegion({ ...image, data: image.data.map(() => 1) }, whole(image), nhwcTensor(pixels, 4, 4), {
    x: 1,
    y: 2,
    width: 2,
    height: 2,
  });
  const rows = [0, 1, 2, 3].map((row) => pixels.subarray(12 * row, 12 * row + 12).join(''));
  t.same(rows, ['777777777777', '777777777777', '777111111777', '777111111777']);
});

test('the buffer may be longer than the image', async (t) => {
  const image = noise(5, 4);
  const longer = { ...image, data: new Uint8Array(1000).fill(99) };
  longer.data.set(image.data);
  const [a, b] = [new Float32Array(3 * 20), new Float32Array(3 * 20)];
  writeRegion(image, whole(image), nchwTensor(a, 5, 4, unitRgb), fullTensor(5, 4));
  writeRegion(longer, whole(image), nchwTensor(b, 5, 4, unitRgb), fullTensor(5, 4));
  t.same(a, b);
});

test('a letterboxed image is padded with 114, whatever the tensor had before', async (t) => {
  const image: Image = { width: 8, height: 4, channels: 3, data: new Uint8Array(96).fill(255) };
  const out = new Float32Array(3 * 64).fill(-7);
  write(image, nchwTensor(out, 8, 8, unitRgb));
  for (let channel = 0; channel < 3; channel++) {
    const rows = Array.from({ length: 8 }, (_, row) => out[64 * channel + 8 * row + 3] as number);
    assertClose(
      Float32Array.from(rows),
      [114, 114, 255, 255, 255, 255, 114, 114].map((value) => value / 255),
    );
  }
  t.pass();
});

test('the padding is normalized like the image', async (t) => {
  const image: Image = { width: 2, height: 1, channels: 3, data: new Uint8Array(6) };
  const norm: Normalization = { mean: [0.5, 0.4, 0.3], std: [0.5, 0.2, 0.1], order: 'rgb' };
  const out = new Float32Array(3 * 8);
  write(image, nchwTensor(out, 2, 4, norm));
  const bar = (channel: number) => (114 / 255 - (norm.mean[channel] as number)) / (norm.std[channel] as number);
  assertClose(Float32Array.from([0, 1, 2].map((channel) => out[8 * channel] as number)), [bar(0), bar(1), bar(2)]);
  t.pass();
});

test('a uint8 tensor has the pixels, rounded if resized', async (t) => {
  for (const channels of [1, 3] as const) {
    const image = noise(20, 16, channels);
    for (const [width, height] of [
      [20, 16],
      [30, 11],
      [11, 9],
    ] as const) {
      const bytes = new Uint8Array(3 * width * height);
      const nchw = new Float32Array(3 * width * height);
      writeRegion(image, whole(image), nhwcTensor(bytes, width, height), fullTensor(width, height));
      writeRegion(image, whole(image), nchwTensor(nchw, width, height, unitRgb), fullTensor(width, height));
      for (const [at, byte] of bytes.entries()) {
        const exact = 255 * (nchw[(at % 3) * width * height + Math.floor(at / 3)] as number);
        assert.ok(Math.abs(byte - exact) <= 0.501, `${width}x${height}, ${at}: ${byte}, expected ${exact}`);
      }
    }
  }
  t.pass();
});

test('pads a uint8 tensor with 114, and only the padding', async (t) => {
  const image: Image = { width: 8, height: 4, channels: 3, data: new Uint8Array(96).fill(255) };
  const out = new Uint8Array(3 * 64).fill(7);
  write(image, nhwcTensor(out, 8, 8));
  const rows = Array.from({ length: 8 }, (_, row) => new Set(out.subarray(24 * row, 24 * row + 24)));
  t.same(
    rows,
    [114, 114, 255, 255, 255, 255, 114, 114].map((value) => new Set([value])),
  );
});
