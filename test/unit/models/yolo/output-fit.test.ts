/** A YOLO output's format is detected by its shape; an unknown shape is an issue that lists the expected ones. */
import { test } from 'tap';
import { detectOutputFormat, type OutputHints } from '../../../src/models/output-format.ts';

const square: OutputHints = { inputWidth: 640, inputHeight: 640 };

const expected =
  'for a 640x640 input, expected one of: ' +
  '[1, 4 + classes, boxes] (ultralytics: v8, v9, v11, v12), ' +
  '[1, 25200 or 25500, 5 + classes] (yolov5: v5, v7), ' +
  '[1, 8400 or 8500, 5 + classes] (yolox), ' +
  '[1, boxes, 6] (end-to-end: v10, v26)';

function detect(dims: readonly (number | string)[], hints: Partial<OutputHints> = {}) {
  return detectOutputFormat({ name: 'output0', type: 'float32', dims }, { ...square, ...hints });
}

test('more columns than rows is the ultralytics format', async (t) => {
  t.same(detect([1, 84, 8400], { classNames: 80 }), { name: 'ultralytics', classes: 80 });
  t.same(detect([1, 5, 2100]), { name: 'ultralytics', classes: 1 });
  t.same(detect([1, 6, 7]), { name: 'ultralytics', classes: 2 });
});

test('three boxes per cell is v5, one is YOLOX', async (t) => {
  t.same(detect([1, 25_200, 85]), { name: 'yolov5', classes: 80 });
  t.match(detect([1, 8400, 85]), {
    name: 'yolox',
    classes: 80,
    grids: [
      { stride: 8, width: 80, height: 80 },
      { stride: 16, width: 40, height: 40 },
      { stride: 32, width: 20, height: 20 },
    ],
  });
  t.same(detect([1, 25_200, 6], { classNames: 1 }), { name: 'yolov5', classes: 1 });
});

test('counts the cells of an input that is not square', async (t) => {
  const wide = { inputWidth: 640, inputHeight: 384 };
  t.same(detect([1, 15_120, 7], wide), { name: 'yolov5', classes: 2 });
  t.match(detect([1, 5040, 7], wide), { name: 'yolox', grids: [{ width: 80, height: 48 }, {}, {}] });
  t.match(detect([1, 15_120, 7]), { issue: /shape \[1, 15120, 7\]/ });
});

test('knows pyramids with more or fewer levels', async (t) => {
  const large = { inputWidth: 1280, inputHeight: 1280 };
  t.same(detect([1, 102_000, 85], large), { name: 'yolov5', classes: 80 }, 'P6');
  t.match(detect([1, 34_000, 85], large), { name: 'yolox', grids: [{}, {}, {}, { stride: 64, width: 20 }] }, 'P6');
  t.same(detect([1, 102_000, 85]), { name: 'yolov5', classes: 80 }, 'P2');
  t.same(detect([1, 6000, 85]), { name: 'yolov5', classes: 80 }, 'tiny v3');
});

test('rows of six values that match no grid are end-to-end', async (t) => {
  t.same(detect([1, 300, 6], { classNames: 80 }), { name: 'end-to-end' });
  t.same(detect([1, 0, 6]), { name: 'end-to-end' });
});

test('if a shape fits two formats, the class names or the metadata decide', async (t) => {
  t.same(detect([1, 25_200, 6], { classNames: 2 }), { name: 'end-to-end' });
  t.same(detect([1, 25_200, 6], { classNames: 1, endToEnd: true }), { name: 'end-to-end' });
  const tiny = { inputWidth: 64, inputHeight: 64 };
  t.same(detect([1, 84, 84], tiny), { name: 'ultralytics', classes: 80 });
  t.match(detect([1, 84, 84], { ...tiny, classNames: 79 }), { name: 'yolox', classes: 79 });
});

test('uses output_format of model.json if the shape fits it', async (t) => {
  t.same(
    detect([1, 8400, 85], { format: 'yolov5' }),
    { name: 'yolov5', classes: 80 },
    'YOLOX with decoding in the model',
  );
  t.same(detect([1, 84, 20], { format: 'ultralytics' }), { name: 'ultralytics', classes: 80 });
  t.same(detect([1, 25_200, 6], { format: 'end-to-end' }), { name: 'end-to-end' });
  t.same(detect([1, 25_200, 85], { format: 'yolox' }), {
    issue:
      'output output0 has shape [1, 25200, 85]; for a 640x640 input, ' +
      'expected [1, 8400 or 8500, 5 + classes] (yolox)',
  });
});

test('rejects other shapes and lists the expected ones', async (t) => {
  const shapes = [
    [1, 4, 100],
    [1, 300, 84],
    [1, 8400, 5],
    [1, 25_200, 5],
    [2, 84, 8400],
    [84, 8400],
    [1, 'rows', 8400],
    [1, 84, 'boxes'],
    [1, 3, 80, 80, 85],
    [100, 7],
    [],
  ];
  for (const dims of shapes) {
    const text = dims.join(', ');
    t.same(detect(dims), { issue: `output output0 has shape [${text}]; ${expected}` }, text);
  }
});

test('rejects an output whose class count differs from the number of names', async (t) => {
  t.same(detect([1, 6, 100], { classNames: 3 }), { issue: 'output output0 has 2 classes, but the model names 3' });
  t.same(detect([1, 25_200, 85], { classNames: 3 }), {
    issue: 'output output0 has 80 classes, but the model names 3',
  });
});
