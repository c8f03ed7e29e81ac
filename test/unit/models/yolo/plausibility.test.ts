/** Numbers that cannot be boxes are refused with what was seen; boxes, and their absence, are not. */
import { test } from 'tap';
import type { Outputs, Tensor } from '../../../../src/models/model.ts';
import { BoxDecoder } from '../../../../src/models/yolo/box-decoder.ts';
import { type BoxFormatName, boxFormatNames } from '../../../../src/models/yolo/format-names.ts';
import { judgeBoxes } from '../../../../src/models/yolo/plausibility.ts';
import { boxOutputs, columnsTensor, formatOf, rowsTensor } from '../../../support/fake-model.ts';

const input = { width: 64, height: 64 };
const cells = 84;
const boxCounts: Partial<Record<BoxFormatName, number>> = { yolov5: 3 * cells, yolox: cells };

function judge(name: BoxFormatName, outputs: Outputs, classNames?: number) {
  const format = formatOf(name, outputs, input);
  const candidates = new BoxDecoder(format, input).decode(outputs, Number.NEGATIVE_INFINITY);
  return judgeBoxes(candidates, outputs, format, input, classNames);
}

function issueOf(name: BoxFormatName, output0: Tensor, classNames?: number): string | undefined {
  return judge(name, { output0 }, classNames);
}

/** Columns with plausible boxes and these scores. */
function withScores(...scores: number[]): Tensor {
  return columnsTensor(...scores.map((score) => [32, 32, 16, 16, score]));
}

/** `center x, center y, width, height`, with a plausible score. */
function withBoxes(...boxes: (readonly [number, number, number, number])[]): Tensor {
  return columnsTensor(...boxes.map((box) => [...box, 0.5]));
}

test('boxes of every format are plausible', async (t) => {
  for (const name of boxFormatNames) {
    const outputs = boxOutputs(name, { boxes: boxCounts[name] ?? 30, classes: 3 }, input);
    t.equal(judge(name, outputs, 3), undefined, name);
  }
});

test('scores are 0 to 1', async (t) => {
  t.equal(issueOf('ultralytics', withScores(0.5, -2.25, 3.456789)), 'its scores are -2.25 to 3.46; expected 0 to 1');
  t.equal(issueOf('ultralytics', withScores(-0.02, 1)), 'its scores are -0.02 to 1; expected 0 to 1');
  t.equal(issueOf('ultralytics', withScores(0, 1.02)), 'its scores are 0 to 1.02; expected 0 to 1');
  t.equal(issueOf('ultralytics', withScores(-0.005, 1.005)), undefined, 'rounding of float16');
  t.equal(issueOf('ultralytics', withScores(0, 0, 0)), undefined, 'nothing detected');
});

test('scores that are no numbers are seen', async (t) => {
  const nan = Number.NaN;
  const seen = 'its scores are not numbers';
  t.equal(issueOf('ultralytics', withScores(nan, nan)), seen);
  t.equal(issueOf('ultralytics', withScores(nan, 0.5)), seen);
  t.equal(issueOf('end-to-end', rowsTensor([1, 1, 20, 20, nan, 0])), seen);
  t.equal(
    issueOf('ultralytics', withScores(Number.POSITIVE_INFINITY)),
    'its scores are Infinity to Infinity; expected 0 to 1',
  );
});

test('boxes that are no numbers are seen', async (t) => {
  const issue = issueOf('ultralytics', withBoxes([Number.NaN, 1, Number.NaN, 4], [32, 32, 16, 16]));
  t.equal(issue, 'its largest box is NaN x 16 pixels');
});

test('a picked class is a whole number', async (t) => {
  const withLabels = (...labels: number[]) => rowsTensor(...labels.map((label) => [10, 10, 30, 30, 0.5, label]));
  t.equal(issueOf('end-to-end', withLabels(0, 79)), undefined);
  t.equal(issueOf('end-to-end', withLabels(0, 0.25)), 'it has a class 0.25; expected whole numbers from 0');
  t.equal(issueOf('end-to-end', withLabels(0, -1)), 'it has a class -1; expected whole numbers from 0');
  t.equal(issueOf('end-to-end', withLabels(0, Number.NaN)), 'it has a class NaN; expected whole numbers from 0');
});

test('a picked class has a name, if there are names', async (t) => {
  const output = rowsTensor([10, 10, 30, 30, 0.5, 0], [10, 10, 30, 30, 0.5, 3]);
  t.equal(issueOf('end-to-end', output, 4), undefined);
  t.equal(issueOf('end-to-end', output, 3), 'it has a class 3, but names 3 classes');
});

test('unused rows of a model with NMS are not judged', async (t) => {
  const padding = [0, 0, 0, 0, 0, -1];
  t.equal(issueOf('end-to-end', rowsTensor([10, 10, 30, 30, 0.5, 0], padding, padding)), undefined);
  t.equal(issueOf('end-to-end', rowsTensor(padding, padding)), undefined);
  t.equal(issueOf('end-to-end', { data: new Float32Array(0), dims: [1, 0, 6] }), undefined);
});

test('the largest box is larger than a pixel', async (t) => {
  t.equal(
    issueOf('ultralytics', withBoxes([0.5, 0.5, 0.25, 0.5], [0.25, 0.25, 0.125, 0.25])),
    'its largest box is 0.25 x 0.5 pixels',
    'fractions taken for pixels',
  );
  t.equal(issueOf('ultralytics', withBoxes([5, 5, 0.5, 9], [5, 5, 0.25, 9])), 'its largest box is 0.5 x 9 pixels');
  t.equal(issueOf('ultralytics', withBoxes([0, 0, 0, 0])), 'its largest box is 0 x 0 pixels', 'all outputs are zero');
  t.equal(issueOf('ultralytics', withBoxes([5, 5, 0.5, 0.5], [5, 5, 1, 1])), undefined);
  t.equal(
    issueOf('end-to-end', rowsTensor([30, 30, 20, 20, 0.5, 0])),
    'its largest box is -10 x -10 pixels',
    'center and size taken for corners',
  );
});

test('most boxes are inside the input', async (t) => {
  const inside = [32, 32, 16, 16] as const;
  const outside = [80, 32, 16, 16] as const;
  t.equal(issueOf('ultralytics', withBoxes(inside, outside)), undefined, 'half of them');
  t.equal(
    issueOf('ultralytics', withBoxes(inside, outside, [32, -10, 4, 4])),
    '2 of its 3 boxes lie outside the input of 64x64 pixels',
  );
  t.equal(issueOf('ultralytics', withBoxes([0, 64, 9, 9], [64, 0, 9, 9])), undefined, 'at the edge');
});

/** Ten boxes, as many as a DETR has at least: the same one, and another. */
function queries(other: readonly number[]): Tensor {
  const box = [0.5, 0.5, 0.25, 0.25, 0.5, 0];
  return rowsTensor(...Array.from({ length: 9 }, () => box), other);
}

test('boxes of RT-DETR come from a sigmoid, so all of them are fractions', async (t) => {
  t.equal(issueOf('detr-top-k', queries([0, 1, 1, 1, 0.5, 0])), undefined);
  t.equal(issueOf('detr-top-k', queries([-0.005, 1.005, 1.005, 0, 0.5, 0])), undefined, 'rounding of float16');
  const seen = (lowest: number, highest: number) =>
    `its boxes have values of ${lowest} to ${highest}; expected fractions from 0 to 1`;
  t.equal(issueOf('detr-top-k', queries([120, 120, 200, 201, 0.9, 0])), seen(0.25, 201), 'pixels');
  t.equal(issueOf('detr-top-k', queries([0.5, 0.5, -0.25, 0.25, 0.9, 0])), seen(-0.25, 0.5));
  t.equal(issueOf('detr-scores', queries([0.5, 0.5, 0.25, 1.5, 0.9, 0.5])), seen(0.25, 1.5));
});

test('RF-DETR’s boxes may protrude', async (t) => {
  const { dets, labels } = boxOutputs('detr-logits', { boxes: 3, classes: 2 }, input) as Record<string, Tensor>;
  const protruding = { dets: dets as Tensor, labels: labels as Tensor };
  protruding.dets.data.set([1.02, 0.5, 1.1, 0.3]);
  t.equal(judge('detr-logits', protruding), undefined);
});

test('two scores are told from a score and a class', async (t) => {
  t.equal(
    issueOf('detr-scores', queries([0.5, 0.5, 0.25, 0.25, 0.5, 1])),
    'the scores of its second class are whole numbers',
  );
  t.equal(issueOf('detr-scores', queries([0.5, 0.5, 0.25, 0.25, 0.5, 0.25])), undefined);
  t.equal(
    issueOf('detr-top-k', queries([0.5, 0.5, 0.25, 0.25, 0.5, 0.25])),
    'it has a class 0.25; expected whole numbers from 0',
  );
});

test('logits of which none is negative are taken for probabilities', async (t) => {
  const dets = rowsTensor([0.5, 0.5, 0.25, 0.25], [0.5, 0.5, 0.25, 0.25]);
  const withLogits = (...logits: number[][]) => judge('detr-logits', { dets, labels: rowsTensor(...logits) });
  t.equal(withLogits([2, -5], [0.5, 0.25]), undefined);
  t.equal(withLogits([0.9, 0], [0, 0.125]), 'none of its logits is negative, as if they were probabilities');
});

test('an output may have more rows than a call has arguments', async (t) => {
  const output0: Tensor = { data: new Float32Array(300_000 * 6).fill(0.5), dims: [1, 300_000, 6] };
  t.equal(judge('end-to-end', { output0 }, 2), 'it has a class 0.5; expected whole numbers from 0');
  for (let row = 0; row < 300_000; row++) output0.data.set([1, 1, 20, 20, 0.5, row % 3], row * 6);
  t.equal(judge('end-to-end', { output0 }, 2), 'it has a class 2, but names 2 classes');
});
