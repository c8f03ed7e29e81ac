/** A model is loaded with the first provider that accepts it, and runs float32 tensors. */
import { join } from 'node:path';
import { test } from 'tap';
import { loadModel } from '../../../src/models/onnx-model.ts';
import { onnxFixture } from '../../support/onnx-fixtures.ts';
import { yoloFixtures } from '../../support/yolo-fixtures.ts';

/** Providers that only exist on other platforms. */
const unavailable = process.platform === 'darwin' ? ['cuda', 'dml'] : ['coreml', 'migraphx'];

function options(path: string, providers: readonly string[] = ['cpu']) {
  return { name: 'the model', path, providers };
}

test('a model exposes its name, provider, shapes and metadata', async (t) => {
  const model = await loadModel(options(onnxFixture('double')));
  t.equal(model.name, 'the model');
  t.equal(model.provider, 'cpu');
  t.same(model.inputs, [{ name: 'x', type: 'float32', dims: [1, 'n'] }]);
  t.same(model.outputs, [{ name: 'y', type: 'float32', dims: [1, 'n'] }]);
  t.same(model.metadata, { author: 'framegate', names: `{0: 'a', 1: "b's"}` });
  await model.release();
});

test('runs tensors of any length in a free dimension', async (t) => {
  const model = await loadModel(options(onnxFixture('double')));
  for (const values of [[1], [0.5, -2, 3]]) {
    const { y } = await model.run({ x: { data: Float32Array.from(values), dims: [1, values.length] } });
    t.same(
      [...(y?.data ?? [])],
      values.map((value) => 2 * value),
    );
    t.same(y?.dims, [1, values.length]);
  }
  await model.release();
});

test('a tensor may be a view of a larger buffer', async (t) => {
  const model = await loadModel(options(onnxFixture('double')));
  const buffer = Float32Array.of(9, 1, 2, 9);
  const { y } = await model.run({ x: { data: buffer.subarray(1, 3), dims: [1, 2] } });
  t.same([...(y?.data ?? [])], [2, 4]);
  await model.release();
});

test('rejects a missing input and a wrong shape', async (t) => {
  const model = await loadModel(options(onnxFixture('double')));
  await t.rejects(model.run({}), /'x' is missing/);
  await t.rejects(model.run({ x: { data: new Float32Array(2), dims: [1, 3] } }));
  await model.release();
});

test('converts float16 inputs and outputs from and to float32', async (t) => {
  const model = await loadModel(options(join(yoloFixtures, 'v8-half.onnx')));
  t.match(model.inputs, [{ type: 'float16', dims: [1, 3, 128, 128] }]);
  t.match(model.outputs, [{ type: 'float16', dims: [1, 7, 336] }]);
  const { output0 } = await model.run({ images: { data: new Float32Array(3 * 128 * 128), dims: [1, 3, 128, 128] } });
  t.ok(output0?.data instanceof Float32Array);
  t.ok(output0?.data.every(Number.isFinite));
  t.ok(Math.max(...(output0?.data ?? [])) > 100, 'coordinates in pixels');
  await model.release();
});

test('whole numbers become floats', async (t) => {
  const model = await loadModel(options(onnxFixture('whole-numbers')));
  const { y } = await model.run({ x: { data: Float32Array.of(7.9, -2), dims: [1, 2] } });
  t.same(y, { data: Float32Array.of(7, -2), dims: [1, 2] });
  await model.release();
});

test('skips an unavailable provider', async (t) => {
  const model = await loadModel(options(onnxFixture('double'), [...unavailable, 'cpu']));
  t.equal(model.provider, 'cpu');
  await model.release();
});

test('reports the reason of each provider if none accepts the model', async (t) => {
  await t.rejects(loadModel(options(onnxFixture('double'), unavailable)), {
    name: 'ModelLoadError',
    message: new RegExp(`^model "the model" cannot be loaded \\(${unavailable[0]}: .*; ${unavailable[1]}: .*\\)$`),
  });
});

test('a missing or broken file is an error that names the model', async (t) => {
  const folder = t.testdir({ 'broken.onnx': 'not a model' });
  for (const name of ['missing.onnx', 'broken.onnx']) {
    await t.rejects(loadModel(options(join(folder, name))), {
      name: 'ModelLoadError',
      message: /^model "the model" cannot be loaded \(cpu: .+\)$/,
    });
  }
});
