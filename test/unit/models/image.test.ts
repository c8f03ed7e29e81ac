/** Letterboxing matches Ultralytics and YOLOX. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { letterboxOf } from '../../../src/models/image.ts';

function fit(width: number, height: number, inputWidth = 640, inputHeight = inputWidth) {
  return letterboxOf({ width, height }, inputWidth, inputHeight);
}

test('an image of the input’s size fills it', async (t) => {
  t.same(fit(640, 640), { scale: 1, width: 640, height: 640, offsetX: 0, offsetY: 0 });
});

test('pads a wide image above and below, a tall one left and right', async (t) => {
  t.same(fit(1280, 720), { scale: 0.5, width: 640, height: 360, offsetX: 0, offsetY: 140 });
  t.same(fit(720, 1280), { scale: 0.5, width: 360, height: 640, offsetX: 140, offsetY: 0 });
});

test('enlarges a small image', async (t) => {
  t.same(fit(320, 240), { scale: 2, width: 640, height: 480, offsetX: 0, offsetY: 80 });
});

test('puts an odd row of padding below, as Ultralytics does', async (t) => {
  // LetterBox: dh = (640 - 427) / 2 = 106.5; top = round(106.5 - 0.1) = 106, bottom = round(106.5 + 0.1) = 107.
  t.match(fit(1500, 1000), { width: 640, height: 427, offsetX: 0, offsetY: 106 });
});

test('rounds half a pixel to even, as Python does', async (t) => {
  t.match(fit(1280, 853), { width: 640, height: 426, offsetY: 107 });
  t.match(fit(1280, 851), { width: 640, height: 426, offsetY: 107 });
});

test('fits an image into an input that is not square', async (t) => {
  t.same(fit(640, 480, 640, 384), { scale: 0.8, width: 512, height: 384, offsetX: 64, offsetY: 0 });
});

test('an image of one row keeps at least one row', async (t) => {
  t.match(fit(10_000, 1), { width: 640, height: 1 });
});

test('any image is inside the input, touches two sides and keeps its aspect ratio', async () => {
  const side = fc.integer({ min: 1, max: 8000 });
  const inputSide = fc.integer({ min: 1, max: 40 }).map((blocks) => 32 * blocks);
  fc.assert(
    fc.property(side, side, inputSide, inputSide, (width, height, inputWidth, inputHeight) => {
      const box = fit(width, height, inputWidth, inputHeight);
      assert.ok(box.offsetX >= 0 && box.offsetX + box.width <= inputWidth);
      assert.ok(box.offsetY >= 0 && box.offsetY + box.height <= inputHeight);
      assert.ok(box.width === inputWidth || box.height === inputHeight);
      assert.ok(Math.abs(inputWidth - box.width - 2 * box.offsetX) <= 1, 'horizontally centered');
      assert.ok(Math.abs(inputHeight - box.height - 2 * box.offsetY) <= 1, 'vertically centered');
      assert.ok(box.height === 1 || Math.abs(box.height - height * box.scale) < 0.501);
      assert.ok(box.width === 1 || Math.abs(box.width - width * box.scale) < 0.501);
    }),
  );
});

test('top-left alignment pads only right and below, and rounds sides down as YOLOX does', async (t) => {
  t.same(letterboxOf({ width: 1280, height: 720 }, 640, 640, 'top-left'), {
    scale: 0.5,
    width: 640,
    height: 360,
    offsetX: 0,
    offsetY: 0,
  });
  t.match(letterboxOf({ width: 1280, height: 855 }, 640, 640, 'top-left'), { width: 640, height: 427, offsetY: 0 });
  t.match(letterboxOf({ width: 10_000, height: 1 }, 640, 640, 'top-left'), { width: 640, height: 1 });
});
