/** Images are placed as Ultralytics, YOLOX and torchvision place them. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { placeImage } from '../../../src/models/image.ts';

function fit(width: number, height: number, inputWidth = 640, inputHeight = inputWidth) {
  return placeImage({ width, height }, { width: inputWidth, height: inputHeight }, 'letterbox');
}

/** With the same scale on both axes. */
function placed(scale: number, offsetX: number, offsetY: number, width: number, height: number) {
  return { scaleX: scale, scaleY: scale, offsetX, offsetY, width, height };
}

test('an image of the input’s size fills it', async (t) => {
  t.same(fit(640, 640), placed(1, 0, 0, 640, 640));
});

test('pads a wide image above and below, a tall one left and right', async (t) => {
  t.same(fit(1280, 720), placed(0.5, 0, 140, 640, 360));
  t.same(fit(720, 1280), placed(0.5, 140, 0, 360, 640));
});

test('enlarges a small image', async (t) => {
  t.same(fit(320, 240), placed(2, 0, 80, 640, 480));
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
  t.same(fit(640, 480, 640, 384), placed(0.8, 64, 0, 512, 384));
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
      assert.ok(box.height === 1 || Math.abs(box.height - height * box.scaleY) < 0.501);
      assert.ok(box.width === 1 || Math.abs(box.width - width * box.scaleX) < 0.501);
    }),
  );
});

test('top-left alignment pads only right and below, and rounds sides down as YOLOX does', async (t) => {
  const topLeft = (width: number, height: number) =>
    placeImage({ width, height }, { width: 640, height: 640 }, 'top-left');
  t.same(topLeft(1280, 720), placed(0.5, 0, 0, 640, 360));
  t.match(topLeft(1280, 855), { width: 640, height: 427, offsetY: 0 });
  t.match(topLeft(10_000, 1), { width: 640, height: 1 });
});

test('a stretched image fills the input, with a scale of its own for each side', async (t) => {
  const stretched = placeImage({ width: 1280, height: 480 }, { width: 640, height: 640 }, 'stretch');
  t.same(stretched, { scaleX: 0.5, scaleY: 640 / 480, offsetX: 0, offsetY: 0, width: 640, height: 640 });
});

test('a cropped image fills the input and protrudes on two sides', async (t) => {
  const crop = (width: number, height: number, side: number) =>
    placeImage({ width, height }, { width: side, height: side }, 'crop');
  t.same(crop(224, 224, 224), placed(1, 0, 0, 224, 224));
  t.same(crop(640, 320, 224), placed(0.7, -112, 0, 448, 224));
  t.same(crop(320, 640, 224), placed(0.7, 0, -112, 224, 448));
  // torchvision: Resize(224) of 640x427 is 335x224, and CenterCrop begins at round(111 / 2) = round(55.5) = 56.
  t.match(crop(640, 427, 224), { width: 335, height: 224, offsetX: -56, offsetY: 0 });
  t.match(crop(500, 449, 449), { width: 500, offsetX: -26 }, 'half a pixel is rounded to even');
  t.match(crop(450, 449, 449), { width: 450, offsetX: 0 }, 'half a pixel is rounded to even');
});

test('any cropped image covers the input, touches two sides of it and is centered', async () => {
  const side = fc.integer({ min: 1, max: 8000 });
  const inputSide = fc.integer({ min: 1, max: 700 });
  fc.assert(
    fc.property(side, side, inputSide, inputSide, (width, height, inputWidth, inputHeight) => {
      const place = placeImage({ width, height }, { width: inputWidth, height: inputHeight }, 'crop');
      assert.ok(place.width >= inputWidth && place.height >= inputHeight);
      assert.ok(place.width === inputWidth || place.height === inputHeight);
      assert.ok(Math.abs(place.width - inputWidth + 2 * place.offsetX) <= 1, 'horizontally centered');
      assert.ok(Math.abs(place.height - inputHeight + 2 * place.offsetY) <= 1, 'vertically centered');
      assert.ok(Math.abs(place.width - width * place.scaleX) < 1.001);
      assert.ok(Math.abs(place.height - height * place.scaleY) < 1.001);
    }),
  );
});
