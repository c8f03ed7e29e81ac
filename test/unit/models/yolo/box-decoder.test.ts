/** Each output format is decoded to corners in input pixels, with the best class and its score. */
import { test } from 'tap';
import type { Outputs, Tensor } from '../../../../src/models/model.ts';
import { BoxDecoder } from '../../../../src/models/yolo/box-decoder.ts';
import { byScore, type Candidates, maxCandidates } from '../../../../src/models/yolo/candidates.ts';
import type { BoxFormatName } from '../../../../src/models/yolo/format-names.ts';
import { columnsTensor as columns, formatOf, rowsTensor as rows } from '../../../support/fake-model.ts';

const input = { width: 64, height: 32 };

/** A decoder for outputs of these shapes. */
function decoderOf(name: BoxFormatName, outputs: Outputs): BoxDecoder {
  return new BoxDecoder(formatOf(name, outputs, input), input);
}

/** Decodes a single output. */
function decode(name: BoxFormatName, output: Tensor, scoreThreshold: number): Candidates {
  return decoderOf(name, { output }).decode({ output }, scoreThreshold);
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
  const found = decode('ultralytics', columns([10, 20, 4, 8, 0.1, 0.2, 0.75], [50, 60, 10, 2, 0.5, 0.25, 0.5]), 0.25);
  t.same(listOf(found), [
    [8, 16, 12, 24, 2, 75],
    [45, 59, 55, 61, 0, 50],
  ]);
  t.same([...found.row.subarray(0, 2)], [0, 1]);
});

test('v5: the score is objectness times the best class score', async (t) => {
  const output = rows(
    [10, 20, 4, 8, 0.5, 0.1, 0.8],
    [1, 1, 1, 1, 0.29, 1, 1],
    [50, 60, 10, 2, 0.9, 1, 1],
    [1, 1, 1, 1, 1, 0.2, 0.29],
  );
  const found = decode('yolov5', output, 0.3);
  t.same(listOf(found), [
    [8, 16, 12, 24, 1, 40],
    [45, 59, 55, 61, 0, 90],
  ]);
  t.same([...found.row.subarray(0, 2)], [0, 2], 'the row of each box');
});

test('YOLOX: offsets are relative to grid cells, row by row, level by level', async (t) => {
  const boxes = Array.from({ length: 42 }, () => [0, 0, 0, 0, 0, 1]);
  // 8 × 4 cells of 8 pixels, then 4 × 2 of 16, then 2 × 1 of 32.
  boxes[8 + 3] = [0.5, 0.25, Math.log(2), Math.log(0.5), 0.9, 1];
  boxes[32 + 4 + 2] = [-0.5, 0.5, 0, Math.log(1.5), 0.8, 0.5];
  boxes[41] = [0.5, 0.5, 0, 0, 0.7, 1];
  t.same(listOf(decode('yolox', rows(...boxes), 0.1)), [
    [20, 8, 36, 12, 0, 90],
    [16, 12, 32, 36, 0, 40],
    [32, 0, 64, 32, 0, 70],
  ]);
});

test('end-to-end: copies corners, score and class', async (t) => {
  const output = rows([1, 2, 3, 4, 0.9, 7], [5, 6, 7, 8, 0.25, 0], [0, 0, 0, 0, 0, 0]);
  const decoder = decoderOf('end-to-end', { output });
  t.same(listOf(decoder.decode({ output }, 0.25)), [
    [1, 2, 3, 4, 7, 90],
    [5, 6, 7, 8, 0, 25],
  ]);
  t.equal(decoder.decode({ output: { data: new Float32Array(0), dims: [1, 0, 6] } }, 0.25).count, 0);
});

test('DETR: fractions of each side become pixels', async (t) => {
  t.same(listOf(decode('detr-scores', rows([0.5, 0.5, 0.25, 0.5, 0.1, 0.8, 0.2]), 0.5)), [[24, 8, 40, 24, 1, 80]]);
  t.same(listOf(decode('detr-top-k', rows([0.5, 0.5, 0.25, 0.5, 0.7, 5]), 0.5)), [[24, 8, 40, 24, 5, 70]]);
});

test('DETR: every class whose logit reaches the threshold is a detection', async (t) => {
  const outputs = {
    dets: rows([0.5, 0.5, 0.25, 0.5], [0.25, 0.25, 0.5, 0.5]),
    labels: rows([0, -9, Math.log(4)], [-9, -1e-6, -9]),
  };
  const decoder = decoderOf('detr-logits', outputs);
  const found = decoder.decode(outputs, 0.5);
  t.same(listOf(found), [
    [24, 8, 40, 24, 0, 50],
    [24, 8, 40, 24, 2, 80],
  ]);
  t.same([...found.row.subarray(0, 2)], [0, 0]);
  t.equal(decoder.decode(outputs, 0).count, 6, 'all of them');
  t.equal(decoder.decode(outputs, 1).count, 0, 'no finite logit');
});

test('boxes and scores in two outputs, box by box or class by class', async (t) => {
  const boxes = rows([1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]);
  const expected = [
    [1, 2, 3, 4, 1, 90],
    [9, 10, 11, 12, 0, 50],
  ];
  const byBox = { boxes, scores: rows([0.1, 0.9], [0.2, 0.1], [0.5, 0.3]) };
  t.same(listOf(decoderOf('boxes-scores', byBox).decode(byBox, 0.4)), expected);
  const byClass = { boxes, scores: columns([0.1, 0.9], [0.2, 0.1], [0.5, 0.3]) };
  t.same(listOf(decoderOf('boxes-scores', byClass).decode(byClass, 0.4)), expected);
});

test('boxes, labels and scores in three outputs, with the number of valid rows', async (t) => {
  const list = (...values: number[]): Tensor => ({ data: Float32Array.from(values), dims: [1, values.length] });
  const boxes = rows([1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]);
  const outputs = { labels: list(7, 1, 2), boxes, scores: list(0.9, 0.1, 0.5) };
  t.same(listOf(decoderOf('boxes-labels', outputs).decode(outputs, 0.4)), [
    [1, 2, 3, 4, 7, 90],
    [9, 10, 11, 12, 2, 50],
  ]);
  const counted = { num_dets: list(1), ...outputs };
  t.same(listOf(decoderOf('boxes-labels', counted).decode(counted, 0)), [[1, 2, 3, 4, 7, 90]]);
  const tooMany = { ...counted, num_dets: list(99) };
  t.equal(decoderOf('boxes-labels', counted).decode(tooMany, 0).count, 3, 'never more than there are');
});

test('Paddle: class and score come first', async (t) => {
  const { data } = rows([3, 0.9, 1, 2, 3, 4], [0, 0.1, 5, 6, 7, 8]);
  t.same(listOf(decode('paddle', { data, dims: [2, 6] }, 0.5)), [[1, 2, 3, 4, 3, 90]]);
});

test('keeps a score that equals the threshold', async (t) => {
  const found = decode('ultralytics', columns([1, 1, 1, 1, 0.5], [2, 2, 1, 1, 0.4999], [3, 3, 2, 2, 0.501]), 0.5);
  t.same([...found.x1.subarray(0, found.count)], [0.5, 2]);
  t.equal(decode('yolov5', rows([1, 1, 1, 1, 0.5, 1]), 0.5).count, 1);
});

test('ignores NaN scores', async (t) => {
  const nan = Number.NaN;
  t.equal(decode('ultralytics', columns([1, 1, 1, 1, nan]), 0).count, 0);
  t.equal(decode('yolov5', rows([1, 1, 1, 1, nan, 1], [1, 1, 1, 1, 1, nan]), 0).count, 0);
  t.equal(decode('end-to-end', rows([1, 1, 2, 2, nan, 1]), 0).count, 0);
});

test('each call starts empty', async (t) => {
  const output = columns([1, 1, 1, 1, 0.9], [2, 2, 1, 1, 0.9]);
  const decoder = decoderOf('ultralytics', { output });
  t.equal(decoder.decode({ output }, 0.5).count, 2);
  t.same(listOf(decoder.decode({ output: columns([9, 9, 2, 2, 0.9], [2, 2, 1, 1, 0.1]) }, 0.5)), [
    [8, 8, 10, 10, 0, 90],
  ]);
});

test('the number of rows may differ from run to run', async (t) => {
  const one = rows([10, 20, 4, 8, 0.9, 1]);
  const decoder = decoderOf('yolov5', { output: one });
  t.equal(decoder.decode({ output: one }, 0.5).count, 1);
  const three = rows([1, 1, 1, 1, 0.9, 1], [2, 2, 1, 1, 0.9, 1], [3, 3, 1, 1, 0.9, 1]);
  t.equal(decoder.decode({ output: three }, 0.5).count, 3);
});

test('candidates are not limited by the rows of earlier runs', async (t) => {
  const decoder = decoderOf('end-to-end', { output: rows([1, 2, 3, 4, 0.9, 1]) });
  const output = rows(...Array.from({ length: 5000 }, (_, row) => [1, 2, 3, 4, row / 5000, row % 7]));
  const found = decoder.decode({ output }, 0.5);
  t.same([found.count, found.row[0], found.row[2499], found.classIndex[2499]], [2500, 2500, 4999, 4999 % 7]);
});

test('candidates have a limit', async (t) => {
  const count = maxCandidates + 1;
  const output: Tensor = { data: new Float32Array(5 * count).fill(0.5), dims: [1, 5, count] };
  t.equal(decode('ultralytics', output, 0).count, maxCandidates);
});

test('a missing output is an error', async (t) => {
  const outputs = { output: rows([1, 2, 3, 4, 0.9, 7]) };
  const decoder = decoderOf('end-to-end', outputs);
  t.throws(() => decoder.decode({}, 0.5), { message: 'the model returned no output output' });
});

test('a score that rounds to the threshold reaches it', async (t) => {
  t.ok(Math.fround(0.7) < 0.7);
  t.equal(decode('end-to-end', rows([1, 2, 3, 4, 0.7, 1]), 0.7).count, 1);
  t.equal(decode('ultralytics', columns([1, 2, 3, 4, 0.7]), 0.7).count, 1);
});

test('a picked class that is none is marked', async (t) => {
  for (const label of [-1, 0.5, 1e10, Number.NaN, Number.POSITIVE_INFINITY]) {
    const { count, classIndex } = decode('end-to-end', rows([1, 2, 3, 4, 0.9, label]), 0.5);
    t.same([count, classIndex[0]], [1, -1], `class ${label}`);
  }
  t.equal(decode('end-to-end', rows([1, 2, 3, 4, 0.9, 2 ** 24]), 0.5).classIndex[0], 2 ** 24);
});

test('a score of -0 is 0, and not sorted before all others', async (t) => {
  const found = decode('end-to-end', rows([1, 2, 3, 4, -0, 1], [1, 2, 3, 4, 0.5, 1]), 0);
  t.ok(Object.is(found.score[0], 0));
  t.same([...byScore(found)], [1, 0]);
});
