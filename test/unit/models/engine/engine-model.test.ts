/** What tools see of a model in an engine: its memory and its results. */

import { test } from 'tap';
import { EngineClient } from '../../../../src/models/engine/engine-client.ts';
import { OnnxDevice } from '../../../../src/models/engine/onnx-device.ts';
import type { InputTensor } from '../../../../src/models/model.ts';
import { loadModel } from '../../../../src/models/onnx-model.ts';
import {
  EngineHarness,
  resultOf,
  rowOf,
  simulatedFile,
  startCold,
  startEngine,
  startPair,
  startWorker,
} from '../../../support/engine-harness.ts';
import { onnxFixture } from '../../../support/onnx-fixtures.ts';
import { faults } from '../../../support/simulated-device.ts';

function isShared({ data }: InputTensor): boolean {
  return data.buffer instanceof SharedArrayBuffer;
}

test('describes the model as its engine has loaded it', async (t) => {
  const { model, client } = await startPair(t);
  t.match(model, { name: 'mine', provider: 'simulated', device: 0, maxBatch: 8, overrides: {}, providerErrors: [] });
  t.same(model.inputs, [{ name: 'x', type: 'float32', dims: ['batch', 4] }]);
  t.equal(client.isUsed, true);
  await model.release();
  t.equal(client.isUsed, false);
});

test('allocates in the memory of the engine, and runs what is there', async (t) => {
  const { model } = await startWorker(startEngine(t), 1, simulatedFile(t));
  for (const rows of [1, 3]) {
    const x = model.allocate('x', [rows, 4]);
    t.ok(isShared(x));
    for (let row = 0; row < rows; row++) x.data.set([row, 0, 0, 5] as never, 4 * row);
    const { y } = await model.run({ x });
    t.same(y?.dims, [rows, 2]);
    t.same([...(y?.data ?? [])], Array.from({ length: rows }, (_, row) => [row, row + 5]).flat());
    t.notOk(isShared(y as InputTensor), 'the result outlives the row');
  }
});

test('allocates its own memory for other shapes, larger batches, and when all rows are in use', async (t) => {
  const engine = startEngine(t);
  const path = simulatedFile(t);
  const { model } = await startWorker(engine, 1, path);
  const { model: other } = await startWorker(engine, 2, path);
  t.notOk(isShared(model.allocate('x', [1, 5])));
  t.notOk(isShared(model.allocate('x', [9, 4])));
  const kept = [model, other].map((each) => each.allocate('x', [8, 4]));
  t.same(kept.map(isShared), [true, true]);
  const { model: third } = await startWorker(engine, 3, simulatedFile(t, {}, 'other.json'));
  t.ok(isShared(third.allocate('x', [1, 4])), 'each model has its rows');
});

test('an allocation that is not used does not keep others waiting', async (t) => {
  const engine = startEngine(t);
  const path = simulatedFile(t);
  const { model, client } = await startWorker(engine, 1, path);
  const { model: other } = await startWorker(engine, 2, path);
  // Both hold half of the rows, and run something else, for which there is no row left.
  for (const each of [model, other]) t.ok(isShared(each.allocate('x', [8, 4])));
  t.same(await Promise.all([model, other].map((each) => each.run({ x: rowOf(1) }))), [resultOf(1), resultOf(1)]);
  for (const each of [model, other]) t.ok(isShared(each.allocate('x', [8, 4])));
  const waiting = (await startCold(engine, 3, path)).model.run({ x: rowOf(2) });
  client.giveUpClaims();
  t.same(await waiting, resultOf(2));
});

test('memory for several inputs, and for another shape than it is used with', async (t) => {
  const path = onnxFixture('constant/pp-yoloe');
  const engine = new EngineHarness(t, new OnnxDevice(['cpu'], undefined));
  const client = new EngineClient([engine.link(1)]);
  const model = await client.open({ name: 'mine', path, overrides: {} });
  const image = { data: new Float32Array(3 * 320 * 320), dims: [1, 3, 320, 320] };
  const scale = { data: Float32Array.of(1, 1), dims: [1, 2] };
  const expected = await model.run({ images: image, scale_factor: scale });
  const first = model.allocate('images', image.dims);
  const second = model.allocate('scale_factor', scale.dims);
  t.ok(isShared(first));
  second.data.set(scale.data as never);
  first.data.set(image.data as never);
  t.ok(isShared(first), 'still valid');
  t.same(await model.run({ images: first, scale_factor: second }), expected);
});

test('a row that was allocated keeps its values for a run with a different shape', async (t) => {
  const { model } = await startWorker(startEngine(t), 1, simulatedFile(t, { dims: ['batch', 'size'] }));
  const x = model.allocate('x', [1, 4]);
  x.data.set([3, 4, 5, 6] as never);
  const { y } = await model.run({ x: { data: x.data, dims: [2, 2] } });
  t.same([...(y?.data ?? [])], [3, 7, 5, 11]);
});

test('rejects inputs that do not fill their rows', async (t) => {
  const { model } = await startWorker(startEngine(t), 1, simulatedFile(t));
  await t.rejects(
    model.run({ x: { data: new Float32Array(3), dims: [1, 4] } }),
    /x has 3 values; its shape \[1, 4\] has 4/,
  );
  await t.rejects(model.run({}), /x is missing|different numbers|undefined/i);
  const engine = new EngineHarness(t, new OnnxDevice(['cpu'], undefined));
  const client = new EngineClient([engine.link(1)]);
  const two = await client.open({ name: 'two', path: onnxFixture('double-two'), overrides: {} });
  t.same((await two.run({ x: { data: Float32Array.of(1, 2, 3), dims: [1, 3] } }))['y'], {
    ...{ data: Float32Array.of(2, 4, 6), dims: [1, 3] },
  });
});

test('several runs of one model object at once', async (t) => {
  const { engines, model } = await startPair(t, { baseMs: 2 });
  const results = await Promise.all(Array.from({ length: 50 }, (_, at) => model.run({ x: rowOf(at) })));
  t.same(
    results,
    Array.from({ length: 50 }, (_, at) => resultOf(at)),
  );
  t.ok(engines.flatMap(({ device }) => device.batches).length < 50, 'in batches');
});

test('memory for shapes that are not used any more is given up, and comes back', async (t) => {
  const engine = startEngine(t);
  const path = simulatedFile(t, { baseMs: 0, dims: ['batch', 'size'] });
  const overrides = { max_batch: 2 };
  const { model } = await startWorker(engine, 1, path, overrides);
  const { model: other } = await startWorker(engine, 2, path, overrides);
  const x = model.allocate('x', [1, 4]);
  x.data.set(rowOf(7, 2).data as never);
  for (let size = 5; size < 75; size++) {
    t.match(await other.run({ x: { data: new Float32Array(size).fill(1), dims: [1, size] } }), { y: { dims: [1, 2] } });
  }
  t.same(await model.run({ x }), resultOf(7, 2), 'what was allocated there is run elsewhere');
  t.ok(isShared(model.allocate('x', [1, 4])));
  t.same(await other.run({ x: rowOf(3) }), resultOf(3));
  t.notOk(isShared(other.allocate('x', [1, 5])), 'the oldest ones are gone');
  t.ok(isShared(other.allocate('x', [1, 74])));
});

test('a row that fails is free again', async (t) => {
  const { model } = await startWorker(startEngine(t), 1, simulatedFile(t));
  for (let at = 0; at < 40; at++) {
    const x = model.allocate('x', [1, 4]);
    t.ok(isShared(x));
    x.data.set([faults.fail, 0, 0, 0] as never);
    await t.rejects(model.run({ x }), /this row fails/);
  }
});

test('results equal those of a batch of one', async (t) => {
  const path = 'native-models/plate-reader/model.onnx';
  const alone = await loadModel({ name: 'alone', path, providers: ['cpu'] });
  const engine = new EngineHarness(t, new OnnxDevice(['cpu'], undefined));
  const client = new EngineClient([engine.link(1)]);
  const model = await client.open({ name: 'mine', path, overrides: { max_batch: 3 } });
  const images = Array.from({ length: 7 }, (_, image): InputTensor => {
    const data = Float32Array.from({ length: 64 * 224 }, (__, at) => ((at * (image + 3)) % 251) / 251);
    return { data, dims: [1, 1, 64, 224] };
  });
  const results = await Promise.all(images.map((images) => model.run({ images })));
  for (const [at, image] of images.entries()) {
    const { probabilities } = await alone.run({ images: image });
    const batched = results[at]?.['probabilities'];
    t.same(batched?.dims, probabilities?.dims);
    t.ok(probabilities?.data.every((value, index) => Math.abs(value - (batched?.data[index] ?? 9)) < 1e-4));
  }
  t.ok(engine.counters.totals.batches < 7, 'in fewer runs');
  await alone.release();
});

test('outputs whose size depends on the image', async (t) => {
  const engine = new EngineHarness(t, new OnnxDevice(['cpu'], undefined));
  const client = new EngineClient([engine.link(1)]);
  const model = await client.open({ name: 'mine', path: onnxFixture('nonzero'), overrides: {} });
  for (const values of [
    [0, 0, 0],
    [1, 0, 2],
    [0, 1, 0],
  ]) {
    const { y } = await model.run({ x: { data: Float32Array.from(values), dims: [1, 3] } });
    const found = values.flatMap((value, index) => (value === 0 ? [] : [index]));
    t.same(y?.dims, [2, found.length]);
    t.same([...(y?.data ?? [])].slice(found.length), found);
  }
});
