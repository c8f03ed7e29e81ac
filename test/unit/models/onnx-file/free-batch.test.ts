/** Graphs whose batch of 1 is pinned in different ways: after the rewrite, a batch gives what its images give alone, or a node is named. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { compareBatches, runSingly, testImages, tolerance } from '../../../../src/cli/batch-check.ts';
import { freeBatch, readBatch, withMeasuredOutputs } from '../../../../src/models/onnx-file/free-batch.ts';
import { readGraph } from '../../../../src/models/onnx-file/graph.ts';
import { bytesField, type Field, readFields, textField } from '../../../../src/models/onnx-file/protobuf.ts';
import { loadModel } from '../../../../src/models/onnx-model.ts';
import { type TinyModel, tinyOnnx, value } from '../../../support/tiny-onnx.ts';

async function load(t: Test, bytes: Uint8Array) {
  const path = join(t.testdir(), `${Math.random()}.onnx`);
  writeFileSync(path, bytes);
  const model = await loadModel({ name: 'tiny', path, providers: ['cpu'] });
  t.teardown(() => model.release());
  return model;
}

async function rewrite(t: Test, bytes: Uint8Array) {
  const graph = readGraph(bytes);
  const probe = await load(t, withMeasuredOutputs(graph));
  const images = testImages(probe.inputs, undefined);
  const [outputs = {}] = await runSingly(probe, images.slice(0, 1));
  return {
    images,
    written: freeBatch(graph, new Map(Object.entries(outputs).map(([name, { dims }]) => [name, dims]))),
  };
}

/** @returns the reason, or what the check says of the rewritten model. */
async function outcome(t: Test, model: TinyModel): Promise<string | undefined> {
  const bytes = tinyOnnx(model);
  const { images, written } = await rewrite(t, bytes);
  if ('blocked' in written) return written.blocked;
  const expected = await runSingly(await load(t, bytes), images);
  return await compareBatches(await load(t, written), images, expected, tolerance);
}

const free: Readonly<Record<string, TinyModel>> = {
  'a shape that starts with 1': {
    nodes: [['Reshape', ['x', 's'], ['y']]],
    vectors: { s: [1, 12, 4] },
    outputs: { y: [1, 12, 4] },
  },
  'a shape that starts with 1 and has a -1': {
    nodes: [['Reshape', ['x', 's'], ['y']]],
    vectors: { s: [1, 12, -1] },
    outputs: { y: [1, 12, 4] },
  },
  'a shape where 0 means no values': {
    nodes: [['Reshape', ['x', 's'], ['y'], { allowzero: 1 }]],
    vectors: { s: [1, -1, 4] },
    outputs: { y: [1, 12, 4] },
  },
  'a shape that two nodes share, of which one is the same for all images': {
    nodes: [
      ['Reshape', ['w', 's'], ['anchors']],
      ['Reshape', ['x', 's'], ['a']],
      ['Mul', ['a', 'anchors'], ['y']],
    ],
    vectors: { s: [1, 12, 4] },
    weights: { w: [48] },
    outputs: { y: [1, 12, 4] },
  },
  'a computed shape with a constant 1': {
    nodes: [
      ['Shape', ['x'], ['shape']],
      ['Gather', ['shape', 'two'], ['height']],
      ['Concat', ['one', 'minus', 'height'], ['s'], { axis: 0 }],
      ['Reshape', ['x', 's'], ['y']],
    ],
    vectors: { one: [1], two: [2], minus: [-1] },
    outputs: { y: [1, 12, 4] },
  },
  'a size that includes the batch': {
    nodes: [['Resize', ['x', '', '', 'sizes'], ['y']]],
    vectors: { sizes: [1, 3, 8, 8] },
    outputs: { y: [1, 3, 8, 8] },
  },
  'a slice of the only row': {
    nodes: [['Slice', ['x', 'zero', 'one', 'zero'], ['y']]],
    vectors: { zero: [0], one: [1] },
  },
  'the only row, selected by its index': { nodes: [['Gather', ['x', 'zero'], ['y']]], vectors: { zero: [0] } },
  'a batch dimension that is dropped and put back': {
    nodes: [
      ['Squeeze', ['x', 'zero'], ['a']],
      ['Mul', ['a', 'a'], ['b']],
      ['Unsqueeze', ['b', 'zero'], ['y']],
    ],
    vectors: { zero: [0] },
  },
  'the same before operator set 13': {
    nodes: [
      ['Squeeze', ['x'], ['a'], { axes: [0] }],
      ['Unsqueeze', ['a'], ['y'], { axes: [0, 2] }],
    ],
    outputs: { y: [1, 3, 1, 4, 4] },
    opset: 11,
  },
  'a batch dimension that is flattened away and put back': {
    nodes: [
      ['Flatten', ['x'], ['a'], { axis: 2 }],
      ['Unsqueeze', ['a', 'axes'], ['b']],
      ['Conv', ['b', 'w'], ['y'], { strides: [1, 4], kernel_shape: [1, 4] }],
    ],
    vectors: { axes: [0, 1] },
    weights: { w: [2, 1, 1, 4] },
    outputs: { y: [1, 2, 3, 4] },
  },
  'a token before those of each image': {
    nodes: [
      ['Reshape', ['x', 's'], ['a']],
      ['Concat', ['token', 'a'], ['y'], { axis: 1 }],
    ],
    vectors: { s: [1, 12, 4] },
    weights: { token: [1, 1, 4] },
    outputs: { y: [1, 13, 4] },
  },
  'rows that are merged for a matrix': {
    nodes: [
      ['Reshape', ['x', 'flat'], ['a']],
      ['Gemm', ['a', 'w'], ['b']],
      ['Reshape', ['b', 's'], ['y']],
    ],
    vectors: { flat: [12, 4], s: [1, 12, 5] },
    weights: { w: [4, 5] },
    outputs: { y: [1, 12, 5] },
  },
  'attention that merges the batch with its heads': {
    nodes: [
      ['Reshape', ['x', 's'], ['a']],
      ['Transpose', ['a'], ['b'], { perm: [1, 0, 2] }],
      ['Reshape', ['b', 'heads'], ['c']],
      ['Transpose', ['c'], ['q'], { perm: [1, 0, 2] }],
      ['Transpose', ['c'], ['k'], { perm: [1, 2, 0] }],
      ['MatMul', ['q', 'k'], ['scores']],
      ['Softmax', ['scores'], ['p'], { axis: -1 }],
      ['MatMul', ['p', 'q'], ['o']],
      ['Transpose', ['o'], ['d'], { perm: [1, 0, 2] }],
      ['Reshape', ['d', 'back'], ['e']],
      ['Transpose', ['e'], ['y'], { perm: [1, 0, 2] }],
    ],
    vectors: { s: [1, 12, 4], heads: [12, 2, 2], back: [12, 1, 4] },
    outputs: { y: [1, 12, 4] },
  },
  'indices that are the same for all images': {
    nodes: [
      ['Reshape', ['x', 's'], ['a']],
      ['GatherElements', ['a', 'i'], ['y'], { axis: 1 }],
      ['Reshape', ['index', 'two'], ['i']],
    ],
    vectors: { s: [1, -1], index: [3, 5, 7], two: [1, 3] },
    outputs: { y: [1, 3] },
  },
  'nodes out of order': {
    nodes: [
      ['Reshape', ['a', 's'], ['y']],
      ['Mul', ['x', 'x'], ['a']],
    ],
    vectors: { s: [1, 12, 4] },
    outputs: { y: [1, 12, 4] },
  },
};

const refused: readonly (readonly [string, TinyModel, RegExp])[] = [
  [
    'a mean of everything',
    { nodes: [['ReduceMean', ['x'], ['y'], { keepdims: 0 }]], outputs: { y: [] } },
    /^ReduceMean node ReduceMean-y: .*all images together/,
  ],
  [
    'an output that is the same for all images',
    {
      nodes: [
        ['Mul', ['w', 'w'], ['y']],
        ['Mul', ['x', 'x'], ['z']],
      ],
      weights: { w: [1, 2] },
      outputs: { y: [1, 2], z: [1, 3, 4, 4] },
    },
    /^output y: it is the same/,
  ],
  [
    'an output without a batch',
    { nodes: [['Squeeze', ['x', 'zero'], ['y']]], vectors: { zero: [0] }, outputs: { y: [3, 4, 4] } },
    /^output y: it has no batch dimension/,
  ],
  [
    'an output with another batch dimension',
    { nodes: [['Transpose', ['x'], ['y'], { perm: [1, 0, 2, 3] }]], outputs: { y: [3, 1, 4, 4] } },
    /^output y: its batch is dimension 1/,
  ],
  [
    'findings in one list',
    {
      nodes: [
        ['NonZero', ['x'], ['n']],
        ['Cast', ['n'], ['y'], { to: 1 }],
      ],
      outputs: { y: [4, 'n'] },
    },
    /^NonZero node .* in one list/,
  ],
  [
    'an output with merged rows',
    { nodes: [['Reshape', ['x', 's'], ['y']]], vectors: { s: [12, 4] }, outputs: { y: [12, 4] } },
    /^output y: .* in one list/,
  ],
  [
    'a softmax over the batch',
    { nodes: [['Softmax', ['x'], ['y'], { axis: 0 }]] },
    /^Softmax node Softmax-y: it works across the batch/,
  ],
];

test('a batch gives what its images give alone', async (t) => {
  for (const [name, model] of Object.entries(free)) t.equal(await outcome(t, model), undefined, name);
});

test('a graph that mixes images is refused, with the node or the output', async (t) => {
  for (const [name, model, reason] of refused) t.match(await outcome(t, model), reason, name);
});

test('the check finds rows that are mixed up', async (t) => {
  // Every image gets the mean of its batch.
  const mixed = tinyOnnx({
    nodes: [
      ['ReduceMean', ['x'], ['m'], { axes: [0] }],
      ['Expand', ['m', 's'], ['e']],
      ['Add', ['e', 'zeros'], ['y']],
      ['Shape', ['x'], ['s']],
      ['Sub', ['x', 'x'], ['zeros']],
    ],
    inputs: { x: ['n', 3, 4, 4] },
    outputs: { y: ['n', 3, 4, 4] },
  });
  const model = await load(t, mixed);
  const images = testImages(model.inputs, undefined);
  const issue = await compareBatches(model, images, await runSingly(model, images), tolerance);
  t.match(issue, /^output y of a batch of 2 differs by \S+ in row 0; allowed is 0\.00010$/);
});

test('everything else stays as it is, byte for byte', async (t) => {
  const unknown = [textField(900, 'unknown'), bytesField(901, Uint8Array.of(1, 2, 3))];
  const model: TinyModel = {
    nodes: [
      ['Mul', ['x', 'w'], ['a']],
      ['Reshape', ['a', 's'], ['y']],
    ],
    vectors: { s: [1, 12, 4] },
    weights: { w: [1] },
    outputs: { y: [1, 12, 4] },
    graphFields: [value(13, 'a', [1, 3, 4, 4]), ...unknown],
    modelFields: [...unknown, textField(6, 'docs')],
  };
  const bytes = tinyOnnx(model);
  const { written } = await rewrite(t, bytes);
  if ('blocked' in written) throw new Error(written.blocked);
  const graphOf = (file: Uint8Array) => readFields(file).find(({ number }) => number === 7) as Field;
  const others = (file: Uint8Array) => readFields(file).flatMap(({ number, raw }) => (number === 7 ? [] : [raw]));
  t.same(others(written), others(bytes));
  const kept = (file: Uint8Array, numbers: readonly number[]) =>
    readFields(graphOf(file).value).flatMap(({ number, raw }) => (numbers.includes(number) ? [raw] : []));
  t.same(kept(written, [2, 5, 900, 901]), kept(bytes, [2, 5, 900, 901]), 'name, weights, and unknown fields');
  t.same(kept(written, [13]), [], 'shapes of inner values');
  const { inputs, outputs } = readGraph(written);
  t.same(
    [inputs[0]?.dims, outputs[0]?.dims],
    [
      ['batch', 3, 4, 4],
      ['batch', 12, 4],
    ],
  );
  t.same(
    readGraph(written)
      .nodes.filter(({ opType }) => opType === 'Mul')
      .map(({ field }) => field.raw),
    [readGraph(bytes).nodes[0]?.field.raw],
  );
});

test('tells a free batch, another batch, and none from a batch of 1', async (t) => {
  const batchOf = (...dims: (number | string)[]) =>
    readBatch(readGraph(tinyOnnx({ nodes: [['Mul', ['x', 'x'], ['y']]], inputs: { x: dims }, outputs: { y: dims } })));
  t.equal(batchOf(1, 3), 'fixed');
  t.equal(batchOf('n', 3), 'free');
  t.match(batchOf(2, 3), { blocked: 'input x has a fixed batch of 2, not of 1' });
  t.match(batchOf(3), { blocked: 'no input has a batch dimension' });
});

test('bytes that are no model throw', async (t) => {
  t.throws(() => readGraph(new Uint8Array(0)), { message: 'it has no graph' });
  t.throws(() => readGraph(Buffer.from('not a model at all')));
  const bytes = tinyOnnx({ nodes: [['Mul', ['x', 'x'], ['y']]] });
  for (let length = 1; length < bytes.length; length++)
    t.throws(() => readGraph(bytes.subarray(0, length)), `${length} bytes`);
});
