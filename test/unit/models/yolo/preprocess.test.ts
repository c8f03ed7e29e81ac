/** A frame becomes the tensor of a model: at its place, in its layout, and without a trace of the frame before. */
import { test } from 'tap';
import type { Image, Resize } from '../../../../src/models/image.ts';
import { unitRgb } from '../../../../src/models/image-tensor.ts';
import type { ModelInput } from '../../../../src/models/yolo/input.ts';
import { Preprocessor } from '../../../../src/models/yolo/preprocess.ts';

/** Each pixel has its column as red, its row as green, and blue 0. */
function coordinates(width: number, height: number): Image {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    const pixel = Math.floor(at / 3);
    return [pixel % width, Math.floor(pixel / width), 0][at % 3] as number;
  });
  return { width, height, channels: 3, data };
}

function inputOf(width: number, height: number, resize: Resize, others: Partial<ModelInput> = {}): ModelInput {
  return { name: 'images', width, height, layout: { kind: 'nchw', normalization: unitRgb }, resize, ...others };
}

/** A channel of an NCHW tensor in levels of 0 to 255, row by row. */
function levelsOf(input: ModelInput, image: Image, channel: number): number[][] {
  const { tensor } = new Preprocessor(input).preprocess(image);
  const { width, height } = input;
  return Array.from({ length: height }, (_, row) => {
    const from = (channel * height + row) * width;
    return Array.from({ length: width }, (__, column) => Math.round(Number(tensor.data[from + column]) * 255));
  });
}

test('letterbox: padding on two sides', async (t) => {
  t.same(levelsOf(inputOf(4, 4, 'letterbox'), coordinates(4, 2), 0), [
    [114, 114, 114, 114],
    [0, 1, 2, 3],
    [0, 1, 2, 3],
    [114, 114, 114, 114],
  ]);
});

test('top-left: padding only below', async (t) => {
  t.same(levelsOf(inputOf(4, 4, 'top-left'), coordinates(4, 2), 1), [
    [0, 0, 0, 0],
    [1, 1, 1, 1],
    [114, 114, 114, 114],
    [114, 114, 114, 114],
  ]);
});

test('stretch: no padding, each side with its own scale', async (t) => {
  const input = inputOf(4, 4, 'stretch');
  t.same(levelsOf(input, coordinates(4, 2), 0), Array(4).fill([0, 1, 2, 3]));
  const rows = levelsOf(input, coordinates(4, 8), 1).map(([first]) => first as number);
  // The mean of two rows, rounded: 0.5, 2.5, 4.5, 6.5.
  t.same(
    rows.map((row, at) => row - 2 * at === 0 || row - 2 * at === 1),
    [true, true, true, true],
  );
  t.same(new Preprocessor(input).preprocess(coordinates(4, 8)).placement, {
    scaleX: 1,
    scaleY: 0.5,
    offsetX: 0,
    offsetY: 0,
    width: 4,
    height: 4,
  });
});

test('crop: the middle, without padding', async (t) => {
  const wide = levelsOf(inputOf(4, 4, 'crop'), coordinates(10, 4), 0);
  t.same(wide, Array(4).fill([3, 4, 5, 6]));
  const tall = levelsOf(inputOf(4, 4, 'crop'), coordinates(4, 8), 1);
  t.same(
    tall,
    [2, 3, 4, 5].map((row) => Array(4).fill(row)),
  );
  t.match(new Preprocessor(inputOf(4, 4, 'crop')).preprocess(coordinates(10, 4)).placement, {
    offsetX: -3,
    offsetY: 0,
  });
});

test('crop: the middle of a frame that is made smaller', async (t) => {
  // Columns 6 to 13 of 20, two by two.
  const means = [6.5, 8.5, 10.5, 12.5].map(Math.round);
  t.same(levelsOf(inputOf(4, 4, 'crop'), coordinates(20, 8), 0), Array(4).fill(means));
});

test('crop and stretch with antialiasing have the same place', async (t) => {
  for (const resize of ['crop', 'stretch'] as const) {
    for (const [width, height] of [
      [10, 4],
      [4, 8],
      [4, 4],
    ] as const) {
      const image = coordinates(width, height);
      const plain = levelsOf(inputOf(4, 4, resize), image, 2);
      const smooth = levelsOf(inputOf(4, 4, resize, { isAntialiased: true }), image, 2);
      t.same(smooth, plain, `${resize} ${width}x${height}`);
    }
  }
  t.same(levelsOf(inputOf(4, 4, 'crop', { isAntialiased: true }), coordinates(10, 4), 0), Array(4).fill([3, 4, 5, 6]));
});

test('antialiasing weighs the pixels around, too', async (t) => {
  const dot = coordinates(6, 6);
  dot.data.fill(0);
  dot.data[0] = 255;
  const [[corner = 0] = []] = levelsOf(inputOf(2, 2, 'stretch', { isAntialiased: true }), dot, 0);
  // The first four pixels weigh 2, 3, 2 and 1 eighths, across and down.
  t.equal(corner, 16);
  t.same(levelsOf(inputOf(2, 2, 'stretch'), dot, 0)[0], [28, 0], 'the mean of 3 × 3');
});

test('bytes: a frame of the input’s size is passed as it is, without what is behind it', async (t) => {
  const input: ModelInput = { ...inputOf(4, 2, 'letterbox'), layout: { kind: 'nhwc' } };
  const image = coordinates(4, 2);
  const longer = { ...image, data: Uint8Array.from([...image.data, 9, 9, 9]) };
  const { tensor } = new Preprocessor(input).preprocess(longer);
  t.equal(tensor.data.buffer, longer.data.buffer, 'not copied');
  t.same([...tensor.data], [...image.data]);
  t.same(tensor.dims, [1, 2, 4, 3]);
});

test('bytes: any other frame is resized', async (t) => {
  const input: ModelInput = { ...inputOf(4, 4, 'crop', { isAntialiased: true }), layout: { kind: 'nhwc' } };
  const { tensor } = new Preprocessor(input).preprocess(coordinates(10, 4));
  t.same([...tensor.data.slice(0, 12)], [3, 0, 0, 4, 0, 0, 5, 0, 0, 6, 0, 0]);
  t.same(tensor.dims, [1, 4, 4, 3]);
});

test('a frame leaves nothing for the next one', async (t) => {
  for (const resize of ['letterbox', 'top-left', 'stretch', 'crop'] as const) {
    const preprocessor = new Preprocessor(inputOf(8, 8, resize));
    const first = [...preprocessor.preprocess(coordinates(8, 4)).tensor.data];
    preprocessor.preprocess(coordinates(5, 9));
    t.same([...preprocessor.preprocess(coordinates(8, 4)).tensor.data], first, resize);
  }
});
