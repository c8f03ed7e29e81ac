/** Rows of a memory run as one batch where that is possible, and a row fails alone. */
import { test } from 'tap';
import { type BatchLayout, BatchMemory } from '../../../../src/models/engine/batch-memory.ts';
import type { DeviceModel } from '../../../../src/models/engine/device.ts';
import { RowBatch, rowOf } from '../../../../src/models/engine/row-batch.ts';
import type { RawTensor, RawTensors } from '../../../../src/models/tensor-types.ts';

const layout: BatchLayout = {
  ...{ rows: 8, maxBatch: 4, isStacked: true },
  inputs: [{ name: 'x', type: 'float32', dims: [1] }],
  outputs: [{ name: 'y', type: 'float32', dims: [1] }],
};

/** @param run gets the values of `x`, and returns those of `y`, one or several per row. */
function modelOf(run: (values: number[]) => number[]): DeviceModel & { readonly runs: RawTensor[] } {
  const runs: RawTensor[] = [];
  return {
    ...{ provider: 'test', inputs: [], outputs: [], metadata: {}, providerErrors: [], runs },
    async run(inputs: RawTensors, outputs?: RawTensors) {
      const x = inputs['x'] as RawTensor;
      runs.push(x);
      const values = run([...(x.data as Float32Array)]);
      if (outputs === undefined)
        return {
          y: {
            type: 'float32',
            data: Float32Array.from(values),
            dims: [x.dims[0] ?? 1, values.length / (x.dims[0] ?? 1)],
          },
        };
      const y = outputs['y'] as RawTensor;
      if (y.data.length !== values.length) throw new Error('the pre-allocated output has another shape');
      y.data.set(values as never);
      return outputs;
    },
    release: async () => undefined,
  };
}

function batchOf(model: DeviceModel, parts: Partial<BatchLayout> = {}, fixedRows?: number) {
  const memory = new BatchMemory({ ...layout, ...parts });
  for (let row = 0; row < memory.layout.rows; row++) memory.inputs(row, 1)['x']?.data.set([row] as never);
  const outOfMemory: number[] = [];
  const batch = new RowBatch(model, memory, fixedRows, { outOfMemory: (rows) => outOfMemory.push(rows) });
  const outputOf = (row: number) => Number(memory.outputs(row, 1)?.['y']?.data[0]);
  return { batch, memory, outOfMemory, outputOf };
}

const doubled = (values: number[]) => values.map((value) => 2 * value);
const done = { type: 'done' };

test('adjacent rows run in place, in whatever order they come', async (t) => {
  for (const rows of [
    [1, 2, 3],
    [3, 1, 2],
  ]) {
    const model = modelOf(doubled);
    const { batch, memory, outputOf } = batchOf(model);
    t.same(await batch.run(rows), [done, done, done]);
    t.equal(model.runs.length, 1);
    t.equal(model.runs[0]?.data.buffer, memory.buffer, 'not copied');
    t.same([1, 2, 3].map(outputOf), [2, 4, 6]);
  }
});

test('other rows are gathered, and their outputs are put back', async (t) => {
  const model = modelOf(doubled);
  const { batch, memory, outputOf } = batchOf(model);
  t.same(await batch.run([6, 0, 2]), [done, done, done]);
  t.same(
    model.runs.map(({ data }) => [...(data as Float32Array)]),
    [[0, 2, 6]],
  );
  t.not(model.runs[0]?.data.buffer, memory.buffer);
  t.same([0, 1, 2, 6].map(outputOf), [0, 0, 4, 12]);
});

test('a fixed batch size is filled up', async (t) => {
  const model = modelOf(doubled);
  const { batch, outputOf } = batchOf(model, {}, 4);
  t.same(await batch.run([1, 2]), [done, done]);
  t.same(await batch.run([4, 5, 6, 7]), [done, done, done, done]);
  t.same(
    model.runs.map(({ dims }) => dims[0]),
    [4, 4],
  );
  t.same([1, 2, 4, 7].map(outputOf), [2, 4, 8, 14]);
});

test('only the row that fails is failed', async (t) => {
  const model = modelOf((values) => {
    if (values.includes(2)) throw new Error('a bad row');
    return doubled(values);
  });
  const { batch, outputOf, outOfMemory } = batchOf(model);
  t.same(await batch.run([3, 2, 1, 0]), [done, { type: 'failed', reason: 'a bad row' }, done, done]);
  t.same([0, 1, 3].map(outputOf), [0, 2, 6]);
  t.same(outOfMemory, []);
  t.equal(batch.maxBatch, 4);
});

test('a batch that does not fit into memory is halved, now and later', async (t) => {
  const model = modelOf((values) => {
    if (values.length > 2) throw new Error('CUDA failure 2: out of memory');
    return doubled(values);
  });
  const { batch, outOfMemory } = batchOf(model);
  t.same(await batch.run([0, 1, 2, 3]), [done, done, done, done]);
  t.same(outOfMemory, [4]);
  t.equal(batch.maxBatch, 2);
  const before = model.runs.length;
  t.same(await batch.run([4, 5, 6, 7]), [done, done, done, done]);
  t.equal(model.runs.length - before, 2);
});

test('a fixed batch that does not fit stays as large as it is', async (t) => {
  const model = modelOf(() => {
    throw new Error('bad_alloc');
  });
  const { batch, outOfMemory } = batchOf(model, {}, 4);
  t.match(await batch.run([0, 1]), [{ type: 'failed' }, { type: 'failed' }]);
  t.equal(batch.maxBatch, 4);
  t.same(outOfMemory, []);
});

test('outputs whose size depends on the image are returned with their rows', async (t) => {
  const model = modelOf((values) => values.flatMap((value) => [value, -value]));
  const { batch } = batchOf(model);
  const rowWith = (value: number) => ({
    type: 'done',
    outputs: { y: { type: 'float32', data: Float32Array.of(value, -value), dims: [1, 2] } },
  });
  t.same(await batch.run([1, 0]), [rowWith(1), rowWith(0)]);
  t.same(await batch.run([5, 2]), [rowWith(5), rowWith(2)], 'gathered');
});

test('rows that are not stacked run one at a time', async (t) => {
  const model = modelOf(doubled);
  const { batch, outputOf } = batchOf(model, { isStacked: false, maxBatch: 1 });
  t.equal(batch.maxBatch, 1);
  t.same(await batch.run([2, 1]), [done, done]);
  t.equal(model.runs.length, 2);
  t.same([1, 2].map(outputOf), [2, 4]);
});

test('a row of tensors is a copy', (t) => {
  const data = Float32Array.of(1, 2, 3, 4);
  const { y } = rowOf({ y: { type: 'float32', data, dims: [2, 2] } }, 1, 2);
  data.fill(0);
  t.same(y, { type: 'float32', data: Float32Array.of(3, 4), dims: [1, 2] });
  t.throws(() => rowOf({ y: { type: 'float32', data, dims: [1, 4] } }, 1, 2), /y has 1 rows for a batch of 2/);
  t.end();
});
