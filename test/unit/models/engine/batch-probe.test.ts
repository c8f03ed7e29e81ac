/** A model is run to find out whether its rows can be batched. */
import { test } from 'tap';
import { batchSizeOf, probeBatch } from '../../../../src/models/engine/batch-probe.ts';
import type { DeviceModel } from '../../../../src/models/engine/device.ts';
import { OnnxDevice } from '../../../../src/models/engine/onnx-device.ts';
import type { RawTensor, RawTensors } from '../../../../src/models/tensor-types.ts';
import { onnxFixture } from '../../../support/onnx-fixtures.ts';

type Run = (inputs: RawTensors) => RawTensors;

function modelOf(run: Run): DeviceModel & { readonly sizes: number[] } {
  const sizes: number[] = [];
  return {
    ...{ provider: 'test', inputs: [], outputs: [], metadata: {}, providerErrors: [], sizes },
    async run(inputs) {
      sizes.push((inputs['x'] as RawTensor).dims[0] ?? 0);
      return run(inputs);
    },
    release: async () => undefined,
  };
}

function floats(values: readonly number[], dims: readonly number[]): RawTensor {
  return { type: 'float32', data: Float32Array.from(values), dims };
}

function input(dims: readonly (number | string)[], name = 'x') {
  return { name, type: 'float32', dims };
}

const sample = { x: floats([1, 2, 3], [1, 3]) };
const same: Run = ({ x }) => ({ y: x as RawTensor });

test('reads the batch size of a file', (t) => {
  t.same(batchSizeOf([input(['n', 3])], {}), { maxBatch: 8 });
  t.same(batchSizeOf([input(['n', 3]), input(['m', 2], 'scale')], { maxBatch: 3 }), { maxBatch: 3 });
  t.same(batchSizeOf([input([4, 3])], { maxBatch: 2 }), { maxBatch: 4, fixedRows: 4 });
  t.match(batchSizeOf([input([1, 3])], {}), { maxBatch: 1, issue: /fixes its batch size at 1/ });
  t.match(batchSizeOf([input(['n', 3]), input([1, 2], 'scale')], {}), { maxBatch: 1, issue: /free, 1/ });
  t.match(batchSizeOf([input([])], {}), { maxBatch: 1 });
  t.match(batchSizeOf([], {}), { maxBatch: 1 });
  t.end();
});

test('a free batch: runs every size once', async (t) => {
  const model = modelOf(same);
  const { layout, issue, fixedRows } = await probeBatch(model, sample, { maxBatch: 4 });
  t.same(model.sizes, [1, 2, 3, 4]);
  t.same(layout, {
    ...{ rows: 8, maxBatch: 4, isStacked: true },
    inputs: [{ name: 'x', type: 'float32', dims: [3] }],
    outputs: [{ name: 'y', type: 'float32', dims: [3] }],
  });
  t.same([issue, fixedRows], [undefined, undefined]);
});

test('batches that take too long are not made, except for the first run of a size', async (t) => {
  const model = modelOf(same);
  const lastRunMs = () =>
    (model.sizes.filter((size) => size === model.sizes.at(-1)).length === 1 ? 3000 : 0) +
    110 * (model.sizes.at(-1) ?? 0);
  const { layout } = await probeBatch({ ...model, lastRunMs }, sample, { maxBatch: 8 });
  t.same(model.sizes, [1, 2, 3, 3, 4, 4, 5, 5]);
  t.match(layout, { rows: 8, maxBatch: 4, isStacked: true });
});

test('a batch of one: rows are runs of their own', async (t) => {
  const model = modelOf(same);
  const { layout, issue } = await probeBatch(model, sample, { maxBatch: 1, issue: 'the file says so' });
  t.same(model.sizes, [1]);
  t.match(layout, { maxBatch: 1, isStacked: false, inputs: [{ dims: [1, 3] }], outputs: [{ dims: [1, 3] }] });
  t.equal(issue, 'the file says so');
});

test('a fixed batch of four', async (t) => {
  const model = modelOf(same);
  const { layout, fixedRows } = await probeBatch(model, sample, { maxBatch: 4, fixedRows: 4 });
  t.strictSame([...new Set(model.sizes)], [4]);
  t.match(layout, { rows: 8, maxBatch: 4, isStacked: true, inputs: [{ dims: [3] }], outputs: [{ dims: [3] }] });
  t.equal(fixedRows, 4);
});

/** Adds the sum of the whole batch to each value. */
const dependent: Run = ({ x }) => {
  const { data, dims } = x as RawTensor;
  const sum = (data as Float32Array).reduce((total, value) => total + value, 0);
  return {
    y: floats(
      [...(data as Float32Array)].map((value) => value + sum),
      dims,
    ),
  };
};

test('rows that depend on each other are not batched', async (t) => {
  const { layout, issue } = await probeBatch(modelOf(dependent), sample, { maxBatch: 4 });
  t.match(layout, { maxBatch: 1, isStacked: false });
  t.match(issue, /output y of a row depends on the other rows/);
  const black = { x: floats([0, 0, 0], [1, 3]) };
  t.match(
    await probeBatch(modelOf(dependent), black, { maxBatch: 4 }),
    { issue: /depends/ },
    'nor if the image is black',
  );
});

test('a fixed batch of rows that depend on each other is refused', async (t) => {
  await t.rejects(
    probeBatch(modelOf(dependent), sample, { maxBatch: 4, fixedRows: 4 }),
    /its batch of 4 cannot be split: output y of a row depends on the other rows/,
  );
  const model = await new OnnxDevice(['cpu'], undefined).load('mine', onnxFixture('batch-of-two'));
  const image = floats(new Array(3 * 64 * 64).fill(0.5), [1, 3, 64, 64]);
  await t.rejects(
    probeBatch(model, { images: image }, { maxBatch: 2, fixedRows: 2 }),
    /output0 has 1 rows for a batch of 2/,
  );
  await model.release();
});

test('a model that does not take two rows is run row by row', async (t) => {
  const picky: Run = (inputs) => {
    if (inputs['x']?.dims[0] !== 1) throw new Error('Reshape failed\nand more');
    return same(inputs);
  };
  t.match(await probeBatch(modelOf(picky), sample, { maxBatch: 4 }), {
    layout: { maxBatch: 1 },
    issue: 'Reshape failed',
  });
});

test('outputs of another size per image are not batched', async (t) => {
  const nonzero: Run = ({ x }) => {
    const { data, dims } = x as RawTensor;
    const found = [...(data as Float32Array)].filter((value) => value !== 0);
    return { y: floats(found, [dims[0] ?? 1, found.length / (dims[0] ?? 1)]) };
  };
  const oneBlack = { x: floats([1, 0, 3], [1, 3]) };
  t.match(await probeBatch(modelOf(nonzero), oneBlack, { maxBatch: 4 }), { layout: { isStacked: false } });
});

test('several inputs: the small ones stay as they are', async (t) => {
  const seen: number[][] = [];
  const scaled: Run = ({ x, scale }) => {
    seen.push([...(scale?.data as Float32Array)]);
    return { y: x as RawTensor };
  };
  const { layout } = await probeBatch(modelOf(scaled), { ...sample, scale: floats([0.5], [1, 1]) }, { maxBatch: 2 });
  t.same(seen, [[0.5], [0.5, 0.5]]);
  t.same(
    layout.inputs.map(({ name, dims }) => [name, dims]),
    [
      ['x', [3]],
      ['scale', [1]],
    ],
  );
});

test('half precision and whole numbers', async (t) => {
  for (const x of [
    { type: 'float16', data: Uint16Array.of(0x3c00, 0, 0x3c00), dims: [1, 3] },
    { type: 'int64', data: BigInt64Array.of(1n, 0n, 3n), dims: [1, 3] },
  ] as const) {
    const { layout, issue } = await probeBatch(modelOf(same), { x }, { maxBatch: 2 });
    t.equal(issue, undefined);
    t.match(layout, { isStacked: true, inputs: [{ type: x.type }], outputs: [{ type: x.type }] });
  }
});
