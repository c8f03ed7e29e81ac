/** Every format that an output's shape fits is found; the numbers of cells, columns and rows decide. */
import { test } from 'tap';
import type { FitHints } from '../../../../src/models/yolo/fit-hints.ts';
import { boxFormatNames } from '../../../../src/models/yolo/format-names.ts';
import { fitFormats, prototypesOf } from '../../../../src/models/yolo/output-fit.ts';
import { type BoxFormat, classCountOf } from '../../../../src/models/yolo/output-format.ts';

const square: FitHints = {
  task: 'detect',
  inputWidth: 640,
  inputHeight: 640,
  poseValues: 0,
  names: boxFormatNames,
};

function fit(shapes: Readonly<Record<string, readonly number[]>>, hints: Partial<FitHints> = {}): BoxFormat[] {
  const outputs = Object.entries(shapes).map(([name, dims]) => ({ name, type: 'float32', dims }));
  return fitFormats(outputs, { ...square, ...hints });
}

/** The formats of a single output, each with the number of classes, if the shape tells. */
function fitsOf(dims: readonly number[], hints: Partial<FitHints> = {}): string[] {
  return fit({ output0: dims }, hints).map((format) => `${format.name} ${classCountOf(format) ?? '?'}`);
}

test('more columns than rows is the ultralytics format', async (t) => {
  t.same(fitsOf([1, 84, 8400]), ['ultralytics 80', 'detr-scores 8396'], 'or 84 boxes of very many classes');
  t.same(fitsOf([1, 5, 2100]), ['ultralytics 1']);
  t.same(fitsOf([1, 6, 7]), ['ultralytics 2']);
  const [format] = fit({ output0: [1, 84, 8400] });
  t.same(format, {
    name: 'ultralytics',
    boxes: { output: 'output0', at: 0, count: 4, transposed: true },
    coordinates: 'center',
    unit: 'pixels',
    scores: { kind: 'classes', columns: { output: 'output0', at: 4, count: 80, transposed: true } },
    needsNms: true,
  });
});

test('three boxes per cell is v5, one is YOLOX', async (t) => {
  t.same(fitsOf([1, 25_200, 85]), ['yolov5 80', 'detr-scores 81']);
  t.same(fitsOf([1, 8400, 85]), ['yolox 80', 'detr-scores 81']);
  t.match(fit({ output0: [1, 8400, 85] })[0], {
    name: 'yolox',
    grids: [
      { stride: 8, width: 80, height: 80 },
      { stride: 16, width: 40, height: 40 },
      { stride: 32, width: 20, height: 20 },
    ],
    scores: { columns: { at: 5, count: 80 }, objectness: { at: 4, count: 1 } },
  });
});

test('counts the cells of an input that is not square', async (t) => {
  const wide = { inputWidth: 640, inputHeight: 384 };
  t.same(fitsOf([1, 15_120, 7], wide), ['yolov5 2', 'detr-scores 3']);
  t.same(fitsOf([1, 5040, 7], wide), ['yolox 2', 'detr-scores 3']);
  t.match(fit({ output0: [1, 5040, 7] }, wide)[0], { grids: [{ width: 80, height: 48 }, {}, {}] });
  t.same(fitsOf([1, 15_120, 7]), ['detr-scores 3']);
});

test('knows pyramids with more or fewer levels', async (t) => {
  const large = { inputWidth: 1280, inputHeight: 1280 };
  t.same(fitsOf([1, 102_000, 85], large)[0], 'yolov5 80', 'P6');
  t.match(fit({ output0: [1, 34_000, 85] }, large)[0], { grids: [{}, {}, {}, { stride: 64, width: 20 }] }, 'P6');
  t.same(fitsOf([1, 102_000, 85])[0], 'yolov5 80', 'P2');
  t.same(fitsOf([1, 6000, 85])[0], 'yolov5 80', 'tiny v3');
});

test('rows of six values can be boxes of which the model has picked the class', async (t) => {
  t.same(fitsOf([1, 300, 6]), ['end-to-end ?', 'detr-scores 2', 'detr-top-k ?']);
  t.same(fitsOf([1, 0, 6]), ['end-to-end ?']);
  t.same(fitsOf([1, 25_200, 6]), ['yolov5 1', 'end-to-end ?', 'detr-scores 2', 'detr-top-k ?']);
});

test('as few boxes as columns can be read either way', async (t) => {
  t.same(fitsOf([1, 5, 6]), ['ultralytics 1', 'end-to-end ?']);
  t.same(fitsOf([1, 6, 6]), ['ultralytics 2', 'end-to-end ?']);
  t.same(fitsOf([1, 7, 6]), ['end-to-end ?']);
  const tiny = { inputWidth: 64, inputHeight: 64 };
  t.same(fitsOf([1, 84, 84], tiny), ['ultralytics 80', 'yolox 79', 'detr-scores 80']);
});

test('a format that model.json names may have a misleading shape', async (t) => {
  t.same(fitsOf([1, 8400, 85], { names: ['yolov5'] }), ['yolov5 80'], 'YOLOX with decoding in the model');
  t.same(fitsOf([1, 84, 20], { names: ['ultralytics'] }), ['ultralytics 80']);
  t.same(fitsOf([1, 25_200, 6], { names: ['end-to-end'] }), ['end-to-end ?']);
  t.same(fitsOf([1, 5, 84], { names: ['detr-scores'] }), ['detr-scores 80']);
  t.same(fitsOf([1, 25_200, 85], { names: ['yolox'] }), [], 'offsets need their cells');
});

test('rejects other shapes', async (t) => {
  const shapes = [[1, 4, 100], [1, 8400, 4], [2, 84, 8400], [84, 8400], [1, 3, 80, 80, 85], [100, 7], [1, 9, 8], []];
  for (const dims of shapes) t.same(fitsOf(dims), [], dims.join(', '));
});

test('feature maps beside the boxes are ignored', async (t) => {
  t.match(fit({ raw: [1, 3, 80, 80, 7], boxes: [1, 25_200, 7] }), [
    { name: 'yolov5', boxes: { output: 'boxes' } },
    { name: 'detr-scores', boxes: { output: 'boxes' } },
  ]);
  t.same(fit({ raw: [1, 3, 80, 80, 7], other: [1, 10] }), []);
  t.same(fit({}), []);
});

test('values after the scores belong to the task', async (t) => {
  const shapes = { boxes: [1, 39, 8400], prototypes: [1, 32, 160, 160] };
  t.match(fit(shapes, { task: 'segment' }), [
    {
      name: 'ultralytics',
      scores: { columns: { at: 4, count: 3 } },
      extras: { output: 'boxes', at: 7, count: 32, transposed: true },
      prototypes: 'prototypes',
    },
  ]);
  t.match(fit({ boxes: [1, 300, 38], prototypes: [1, 32, 160, 160] }, { task: 'segment' }), [
    { name: 'end-to-end', extras: { at: 6, count: 32, transposed: false } },
  ]);
  t.match(fit({ output0: [1, 56, 8400] }, { task: 'pose', poseValues: 51 }), [
    { name: 'ultralytics', scores: { columns: { count: 1 } }, extras: { at: 5, count: 51 } },
  ]);
  t.match(fit({ output0: [1, 300, 7] }, { task: 'obb' }), [
    { name: 'end-to-end', coordinates: 'center', extras: { at: 6, count: 1 } },
  ]);
});

test('only detectors have the formats of DETRs, YOLOX and several outputs', async (t) => {
  t.same(fitsOf([1, 8400, 8], { task: 'obb' }), []);
  t.same(fit({ boxes: [1, 300, 4], scores: [1, 300, 80] }, { task: 'obb' }), []);
});

test('a segmentation model has one output with prototypes', async (t) => {
  const hints = { task: 'segment' } as const;
  t.same(fit({ boxes: [1, 39, 8400] }, hints), [], 'none');
  const two = { boxes: [1, 39, 8400], a: [1, 32, 160, 160], b: [1, 32, 160, 160] };
  t.same(fit(two, hints), [], 'two');
  const outputs = Object.entries(two).map(([name, dims]) => ({ name, type: 'float32', dims }));
  t.equal(prototypesOf(outputs), undefined);
  t.equal(prototypesOf(outputs.slice(0, 2))?.name, 'a');
});
