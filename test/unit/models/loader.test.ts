/** A scope finds models by name, gives their model.json to the tool, and releases them together. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { ModelScope } from '../../../src/models/loader.ts';
import { onnxFixture, onnxFixtures } from '../../support/onnx-fixtures.ts';

const providers = ['cpu'];

test('checks a model without loading it', async (t) => {
  const scope = new ModelScope({ modelsDir: onnxFixtures, providers });
  t.same(scope.check('double.onnx'), []);
  t.same(scope.check('none.onnx'), [`model file ${onnxFixtures}/none.onnx does not exist`]);
  t.match(scope.check('../package.json'), [/outside the models folder/]);
  t.same(scope.models, []);
});

test('a missing model is a one-line error', async (t) => {
  const scope = new ModelScope({ modelsDir: onnxFixtures, providers });
  await t.rejects(scope.load('none.onnx'), { message: `model file ${onnxFixtures}/none.onnx does not exist` });
  await t.rejects(new ModelScope({ modelsDir: onnxFixtures, providers: ['no-such-provider'] }).load('double.onnx'), {
    name: 'ModelLoadError',
    message: /double\.onnx/,
  });
});

test('a loaded model has its model.json, and its warnings are passed on', async (t) => {
  const modelsDir = t.testdir();
  mkdirSync(join(modelsDir, 'mine'));
  cpSync(onnxFixture('double'), join(modelsDir, 'mine/model.onnx'));
  writeFileSync(join(modelsDir, 'mine/model.json'), '{"names":["a"],"head":"ultralytics"}');
  const warnings: string[] = [];
  const scope = new ModelScope({ modelsDir, providers, warn: (line) => warnings.push(line) });
  const { name, overrides } = await scope.load('mine');
  t.same([name, overrides], ['mine', { names: ['a'], output_format: 'ultralytics' }]);
  t.match(warnings, [/"head" is deprecated/]);
  await scope.release();
});

test('lists its models until they are released, and a second scope keeps the session', async (t) => {
  const [one, other] = [0, 1].map(() => new ModelScope({ modelsDir: onnxFixtures, providers }));
  const model = await one?.load('double.onnx');
  const same = await other?.load('double.onnx');
  t.match(one?.models, [{ name: 'double.onnx', provider: 'cpu' }]);
  await one?.release();
  t.same(one?.models, []);
  const x = { data: Float32Array.of(2), dims: [1, 1] };
  t.same((await same?.run({ x }))?.['y']?.data, Float32Array.of(4));
  await other?.release();
  await t.rejects(async () => void (await model?.run({ x })), 'the session is gone with its last reference');
});

test('knows the models that ship with the package', async (t) => {
  const scope = new ModelScope({ modelsDir: '/nowhere', providers });
  t.same(scope.check('pp-ocrv4-rec'), []);
  const { inputs } = await scope.load('pp-ocrv4-det');
  t.equal(inputs.length, 1);
  await scope.release();
});
