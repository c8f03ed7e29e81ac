/** Each output format is decoded to corners in input pixels, with the best class and its score. */
import { test } from 'tap';
import type { Candidates } from '../../../src/models/nms.ts';
import { OutputDecoder } from '../../../src/models/output-decoder.ts';
import { detectOutputFormat } from '../../../src/models/output-format.ts';

/** Boxes as columns, `[1, values, boxes]`. */
function columns(...boxes: number[][]) {
  const rows = boxes[0]?.length ?? 0;
  const data = Float32Array.from({ length: rows * boxes.length }, (_, at) => {
    return boxes[at % boxes.length]?.[Math.floor(at / boxes.length)] as number;
  });
  return { data, dims: [1, rows, boxes.length] };
}

/** Boxes as rows, `[1, boxes, values]`. */
function rows(...boxes: number[][]) {
  return { data: Float32Array.from(boxes.flat()), dims: [1, boxes.length, boxes[0]?.length ?? 0] };
}

/** Corners, class and score in hundredths. */
function listOf(found: Candidates): number[][] {
  return Array.from({ length: found.count }, (_, at) => [
    ...[found.x1, found.y1, found.x2, found.y2].map((side) => Math.round((side[at] as number) * 1000) / 1000),
    found.classIndex[at] as number,
    Math.round((found.score[at] as number) * 100),
  ]);
}

test('Ultralytics: converts center and size to corners, with the best class', async (t) => {
  const decoder = new OutputDecoder({ name: 'ultralytics', classes: 3 }, 2);
  const found = decoder.decode(columns([10, 20, 4, 8, 0.1, 0.2, 0.75], [50, 60, 10, 2, 0.5, 0.25, 0.5]), 0.25);
  t.same(listOf(found), [
    [8, 16, 12, 24, 2, 75],
    [45, 59, 55, 61, 0, 50],
  ]);
});

test('v5: the score is objectness times the best class score', async (t) => {
  const decoder = new OutputDecoder({ name: 'yolov5', classes: 2 }, 4);
  const output = rows(
    [10, 20, 4, 8, 0.5, 0.1, 0.8],
    [50, 60, 10, 2, 0.9, 1, 1],
    [1, 1, 1, 1, 0.29, 1, 1],
    [1, 1, 1, 1, 1, 0.2, 0.29],
  );
  t.same(listOf(decoder.decode(output, 0.3)), [
    [8, 16, 12, 24, 1, 40],
    [45, 59, 55, 61, 0, 90],
  ]);
});

test('YOLOX: offsets are relative to grid cells, row by row, level by level', async (t) => {
  const dims = [1, 42, 6];
  const format = detectOutputFormat(
    { name: 'o', type: 'float32', dims },
    { inputWidth: 64, inputHeight: 32, format: 'yolox' },
  );
  if ('issue' in format) throw new Error(format.issue);
  const boxes = Array.from({ length: 42 }, () => [0, 0, 0, 0, 0, 1]);
  // 8 × 4 cells of 8 pixels, then 4 × 2 of 16, then 2 × 1 of 32.
  boxes[8 + 3] = [0.5, 0.25, Math.log(2), Math.log(0.5), 0.9, 1];
  boxes[32 + 4 + 2] = [-0.5, 0.5, 0, Math.log(1.5), 0.8, 0.5];
  boxes[41] = [0.5, 0.5, 0, 0, 0.7, 1];
  t.same(listOf(new OutputDecoder(format, 42).decode(rows(...boxes), 0.1)), [
    [20, 8, 36, 12, 0, 90],
    [16, 12, 32, 36, 0, 40],
    [32, 0, 64, 32, 0, 70],
  ]);
});

test('end-to-end: copies corners, score and class', async (t) => {
  const decoder = new OutputDecoder({ name: 'end-to-end' }, 3);
  const output = rows([1, 2, 3, 4, 0.9, 7], [5, 6, 7, 8, 0.25, 0], [0, 0, 0, 0, 0, 0]);
  t.same(listOf(decoder.decode(output, 0.25)), [
    [1, 2, 3, 4, 7, 90],
    [5, 6, 7, 8, 0, 25],
  ]);
  t.equal(decoder.decode({ data: new Float32Array(0), dims: [1, 0, 6] }, 0.25).count, 0);
});

test('keeps a score that equals the threshold', async (t) => {
  const decoder = new OutputDecoder({ name: 'ultralytics', classes: 1 }, 3);
  const found = decoder.decode(columns([1, 1, 1, 1, 0.5], [2, 2, 1, 1, 0.4999], [3, 3, 2, 2, 0.501]), 0.5);
  t.same([...found.x1.subarray(0, found.count)], [0.5, 2]);
  const withObjectness = new OutputDecoder({ name: 'yolov5', classes: 1 }, 1);
  t.equal(withObjectness.decode(rows([1, 1, 1, 1, 0.5, 1]), 0.5).count, 1);
});

test('ignores NaN scores', async (t) => {
  const nan = Number.NaN;
  const ultralytics = new OutputDecoder({ name: 'ultralytics', classes: 1 }, 1);
  t.equal(ultralytics.decode(columns([1, 1, 1, 1, nan]), 0).count, 0);
  const yolov5 = new OutputDecoder({ name: 'yolov5', classes: 1 }, 2);
  t.equal(yolov5.decode(rows([1, 1, 1, 1, nan, 1], [1, 1, 1, 1, 1, nan]), 0).count, 0);
  const endToEnd = new OutputDecoder({ name: 'end-to-end' }, 1);
  t.equal(endToEnd.decode(rows([1, 1, 2, 2, nan, 1]), 0).count, 0);
});

test('each call starts empty', async (t) => {
  const decoder = new OutputDecoder({ name: 'ultralytics', classes: 1 }, 2);
  t.equal(decoder.decode(columns([1, 1, 1, 1, 0.9], [2, 2, 1, 1, 0.9]), 0.5).count, 2);
  t.same(listOf(decoder.decode(columns([9, 9, 2, 2, 0.9], [2, 2, 1, 1, 0.1]), 0.5)), [[8, 8, 10, 10, 0, 90]]);
});

test('ignores boxes beyond the capacity', async (t) => {
  const two = [
    [1, 1, 1, 1, 0.9, 1],
    [2, 2, 1, 1, 0.9, 1],
  ];
  t.equal(new OutputDecoder({ name: 'ultralytics', classes: 2 }, 1).decode(columns(...two), 0.5).count, 1);
  t.equal(new OutputDecoder({ name: 'yolov5', classes: 1 }, 1).decode(rows(...two), 0.5).count, 1);
  t.equal(new OutputDecoder({ name: 'end-to-end' }, 1).decode(rows(...two), 0.5).count, 1);
});
