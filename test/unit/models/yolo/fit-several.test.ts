/** Boxes that are spread over several outputs, in any order, and those of Paddle. */
import { test } from 'tap';
import type { OutputShape } from '../../../../src/models/yolo/fit-hints.ts';
import { fitSeveral } from '../../../../src/models/yolo/fit-several.ts';
import type { BoxFormatName } from '../../../../src/models/yolo/format-names.ts';

function shape(name: string, dims: readonly number[], type = 'float32'): OutputShape {
  return { name, type, dims };
}

function fit(name: BoxFormatName, ...outputs: OutputShape[]) {
  return fitSeveral(
    name,
    outputs,
    outputs.filter(({ dims }) => dims.length === 3 && dims[0] === 1),
  );
}

const boxes = shape('boxes', [1, 300, 4]);

test('DETRs: boxes and a logit for each class', async (t) => {
  const logits = shape('logits', [1, 300, 80]);
  const expected = [
    {
      name: 'detr-logits',
      boxes: { output: 'boxes', at: 0, count: 4, transposed: false },
      coordinates: 'center',
      unit: 'fractions',
      scores: { kind: 'logits', columns: { output: 'logits', at: 0, count: 80, transposed: false } },
      needsNms: false,
    },
  ];
  t.same(fit('detr-logits', boxes, logits), expected);
  t.same(fit('detr-logits', logits, boxes), expected, 'in the other order');
  t.same(fit('detr-logits', boxes, shape('logits', [1, 80, 300])), [], 'one row per box');
  t.same(fit('detr-logits', boxes, shape('logits', [1, 299, 80])), []);
  t.same(fit('detr-logits', boxes), []);
});

test('YOLO-NAS: boxes and a score for each class, box by box', async (t) => {
  const scores = shape('scores', [1, 300, 80]);
  const expected = [
    {
      name: 'boxes-scores',
      boxes: { output: 'boxes', at: 0, count: 4, transposed: false },
      coordinates: 'corners',
      unit: 'pixels',
      scores: { kind: 'classes', columns: { output: 'scores', at: 0, count: 80, transposed: false } },
      needsNms: true,
    },
  ];
  t.same(fit('boxes-scores', boxes, scores), expected);
  t.same(fit('boxes-scores', scores, boxes), expected, 'in the other order');
});

test('PP-YOLOE: a score for each class, class by class', async (t) => {
  const scores = shape('scores', [1, 80, 300]);
  const columns = { output: 'scores', at: 0, count: 80, transposed: true };
  t.match(fit('boxes-scores', boxes, scores), [{ scores: { kind: 'classes', columns } }]);
  t.match(fit('boxes-scores', scores, boxes), [{ boxes: { output: 'boxes' }, scores: { columns } }]);
  t.same(fit('boxes-scores', boxes, shape('scores', [1, 80, 299])), []);
});

test('with four classes, either output can be the boxes', async (t) => {
  const scores = shape('scores', [1, 300, 4]);
  t.match(fit('boxes-scores', boxes, scores), [
    { boxes: { output: 'boxes' }, scores: { columns: { output: 'scores' } } },
    { boxes: { output: 'scores' }, scores: { columns: { output: 'boxes' } } },
  ]);
});

test('labels are whole numbers, or named so', async (t) => {
  const labels = shape('a', [1, 300], 'int64');
  const scores = shape('b', [1, 300]);
  const expected = [
    {
      name: 'boxes-labels',
      boxes: { output: 'boxes', at: 0, count: 4, transposed: false },
      coordinates: 'corners',
      unit: 'pixels',
      scores: {
        kind: 'best',
        score: { output: 'b', at: 0, count: 1, transposed: true },
        label: { output: 'a', at: 0, count: 1, transposed: true },
      },
      needsNms: false,
    },
  ];
  t.same(fit('boxes-labels', labels, boxes, scores), expected);
  t.same(fit('boxes-labels', scores, labels, boxes), expected, 'in another order');
  for (const name of ['labels', 'det_classes', 'class_ids', 'Labels']) {
    t.match(fit('boxes-labels', boxes, shape('scores', [1, 300]), shape(name, [1, 300])), [
      { scores: { score: { output: 'scores' }, label: { output: name } } },
    ]);
  }
  t.same(fit('boxes-labels', boxes, scores, shape('c', [1, 300])), [], 'neither says that it has the labels');
});

test('the type of an output says more than its name', async (t) => {
  const named = shape('class_scores', [1, 300]);
  const label = shape('class_ids', [1, 300], 'int32');
  for (const outputs of [
    [named, label],
    [label, named],
  ]) {
    t.match(fit('boxes-labels', boxes, ...outputs), [
      { scores: { score: { output: 'class_scores' }, label: { output: 'class_ids' } } },
    ]);
  }
});

test('a single number is the count of valid rows', async (t) => {
  const rest = [boxes, shape('scores', [1, 300]), shape('labels', [1, 300])];
  for (const dims of [[1, 1], [1]]) {
    t.match(fit('boxes-labels', shape('num_dets', dims, 'int32'), ...rest), [{ count: 'num_dets' }]);
  }
  t.equal(fit('boxes-labels', ...rest)[0]?.count, undefined);
});

test('lists of other lengths, and more of them, are something else', async (t) => {
  t.same(fit('boxes-labels', boxes, shape('labels', [1, 299]), shape('scores', [1, 300])), []);
  t.same(fit('boxes-labels', shape('labels', [1, 300]), shape('scores', [1, 300])), []);
  const three = [shape('labels', [1, 300]), shape('scores', [1, 300]), shape('more', [1, 300])];
  t.same(fit('boxes-labels', boxes, ...three), []);
});

test('Paddle’s rows have no batch dimension, and begin with the class', async (t) => {
  const rows = shape('multiclass_nms3_0.tmp_0', [100, 6]);
  t.match(fit('paddle', rows, shape('count', [1], 'int32')), [
    {
      name: 'paddle',
      boxes: { output: rows.name, at: 2, count: 4 },
      scores: { kind: 'best', score: { at: 1 }, label: { at: 0 } },
      coordinates: 'corners',
      unit: 'pixels',
      needsNms: false,
    },
  ]);
  t.match(fit('paddle', shape('rows', [0, 6])), [{ name: 'paddle' }], 'nothing detected');
  t.same(fit('paddle', shape('rows', [100, 7])), []);
  t.same(fit('paddle', shape('rows', [1, 100, 6])), []);
});

test('six labels beside boxes are no rows of Paddle’s', async (t) => {
  const six = [shape('boxes', [1, 6, 4]), shape('labels', [1, 6]), shape('scores', [1, 6])];
  t.same(fit('paddle', ...six), []);
  t.match(fit('boxes-labels', ...six), [{ name: 'boxes-labels' }]);
});

test('formats of a single output are not fitted here', async (t) => {
  t.same(fit('ultralytics', boxes, shape('scores', [1, 300, 80])), []);
});
