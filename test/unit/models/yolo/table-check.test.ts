/** Outputs whose columns differ from those of the first run are refused; another number of rows is not. */
import { test } from 'tap';
import type { Outputs, Tensor } from '../../../../src/models/model.ts';
import { boxFormatNames } from '../../../../src/models/yolo/format-names.ts';
import { tableIssue } from '../../../../src/models/yolo/table-check.ts';
import { boxOutputs, columnsTensor, formatOf } from '../../../support/fake-model.ts';

const input = { width: 64, height: 64 };
const rowsOf = (name: string) => ({ yolov5: 252, yolox: 84 })[name] ?? 30;

function tensor(...dims: number[]): Tensor {
  return { data: new Float32Array(dims.reduce((size, side) => size * side, 1)), dims };
}

/** The outputs with other dimensions. */
function reshaped(outputs: Outputs, change: (dims: readonly number[], name: string) => number[]): Outputs {
  return Object.fromEntries(Object.entries(outputs).map(([name, { dims }]) => [name, tensor(...change(dims, name))]));
}

for (const name of boxFormatNames) {
  test(`${name}: only the number of rows may change`, async (t) => {
    const outputs = boxOutputs(name, { boxes: rowsOf(name), classes: 3 }, input);
    const format = formatOf(name, outputs, input);
    t.equal(tableIssue(format, outputs), undefined);
    const withRows = (rows: number) =>
      reshaped(outputs, (dims) => dims.map((side) => (side === rowsOf(name) ? rows : side)));
    for (const rows of [0, 1, 5000]) t.equal(tableIssue(format, withRows(rows)), undefined, `${rows} rows`);
    for (const [output, { dims }] of Object.entries(outputs)) {
      const changed = (...other: number[]) => tableIssue(format, { ...outputs, [output]: tensor(...other) });
      const columnsAt = dims.lastIndexOf(dims.findLast((side) => side !== rowsOf(name)) as number);
      for (const step of [-1, 1]) {
        const other = dims.map((side, at) => (at === columnsAt ? side + step : side));
        t.equal(changed(...other), `output ${output} has shape [${other.join(', ')}], unlike in the first run`);
      }
      t.match(changed(5), /has shape \[5\]/);
      t.match(changed(), /has shape \[\]/);
      t.match(changed(0, ...dims.slice(-2)), /has shape \[0, /, 'no batch');
      const { [output]: _missing, ...rest } = outputs;
      t.equal(tableIssue(format, rest), `the model returned no output ${output}`);
    }
  });
}

test('outputs with different numbers of rows are refused', async (t) => {
  const outputs = boxOutputs('detr-logits', { boxes: 30, classes: 3 }, input);
  const format = formatOf('detr-logits', outputs, input);
  t.match(tableIssue(format, { ...outputs, labels: tensor(1, 20, 3) }), /^output labels has shape \[1, 20, 3\]/);
});

test('prototypes may have another grid, but not another number', async (t) => {
  const outputs = { output0: columnsTensor([32, 32, 16, 16, 0.9, 1, 1]), output1: tensor(1, 2, 16, 16) };
  const format = formatOf('ultralytics', outputs, input, 'segment');
  const issueOf = (...dims: number[]) => tableIssue(format, { ...outputs, output1: tensor(...dims) });
  t.equal(issueOf(1, 2, 16, 16), undefined);
  t.equal(issueOf(1, 2, 5, 9), undefined);
  for (const dims of [
    [1, 3, 16, 16],
    [1, 2, 0, 16],
    [1, 2, 16, 0],
    [2, 16, 16],
    [1, 2, 16, 16, 1],
    [2, 2, 16, 16],
  ]) {
    t.equal(issueOf(...dims), `output output1 has shape [${dims.join(', ')}], unlike in the first run`);
  }
  t.equal(tableIssue(format, { output0: outputs.output0 }), 'the model returned no output output1');
});
