/** `yolo.classify`: params, the number of classes, and refused models. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { toolName } from '../../../src/tools/tool.ts';
import { yoloClassify } from '../../../src/tools/yolo-classify.ts';
import { createTool, toolContext } from '../../support/tool-context.ts';
import { drawYoloPicture, readYoloFixture, yoloFixtures } from '../../support/yolo-fixtures.ts';

const image = drawYoloPicture(96, 64, 1);

async function classify(t: Test, params: object, modelsDir = yoloFixtures) {
  const tool = await createTool(t, yoloClassify, params, modelsDir);
  return (await tool.run({ image })).classes ?? [];
}

/** A models folder with a classifier as the model `mine`. */
function withOverrides(t: Test, overrides: object): string {
  const folder = t.testdir();
  mkdirSync(join(folder, 'mine'));
  copyFileSync(join(yoloFixtures, 'v8-classify.onnx'), join(folder, 'mine/model.onnx'));
  writeFileSync(join(folder, 'mine/model.json'), JSON.stringify(overrides));
  return folder;
}

test('the tool needs a model and returns classes', async (t) => {
  t.equal(toolName(yoloClassify), 'yolo.classify');
  t.same([yoloClassify.inputs, yoloClassify.outputs], [[], ['classes']]);
  t.same(yoloClassify.params.parse({ model: 'm' }), { model: 'm', top_k: 5 });
  for (const bad of [
    {},
    { model: '' },
    { model: 'm', top_k: 0 },
    { model: 'm', top_k: 1001 },
    { model: 'm', top_k: 1.5 },
    { model: 'm', imgsz: 224 },
    { model: 'm', score_threshold: 0.5 },
    { model: 'm', classes: ['cat'] },
  ]) {
    t.equal(yoloClassify.params.safeParse(bad).success, false, JSON.stringify(bad));
  }
});

test('reports top_k classes, the best first', async (t) => {
  const all = await classify(t, { model: 'v8-classify.onnx', top_k: 1000 });
  const { names } = readYoloFixture('v8-classify');
  t.same(all.map(({ label }) => label).sort(), [...names].sort());
  t.same(
    all.map(({ score }) => score),
    all.map(({ score }) => score).sort((a, b) => b - a),
  );
  const sum = all.reduce((total, { score }) => total + score, 0);
  t.ok(Math.abs(sum - 1) < 0.01, `they add up to ${sum}`);
  t.same(await classify(t, { model: 'v8-classify.onnx', top_k: 2 }), all.slice(0, 2));
  t.same(await classify(t, { model: 'v8-classify.onnx' }), all.slice(0, 5));
});

test('model.json names the classes', async (t) => {
  const { names } = readYoloFixture('v8-classify');
  const others = names.map((_, index) => `number ${index}`);
  const [best] = await classify(t, { model: 'mine' }, withOverrides(t, { names: others }));
  t.match(best?.label, /^number \d+$/);
  await t.rejects(classify(t, { model: 'mine' }, withOverrides(t, { names: ['one'] })), {
    message: `model "mine": output output0 has ${names.length} classes, but the model names 1`,
  });
});

test('refuses a model of another task, and one that is missing', async (t) => {
  await t.rejects(classify(t, { model: 'v8-pose.onnx' }), {
    message: 'model "v8-pose.onnx": its metadata declares the task "pose"; use yolo.pose',
  });
  const context = toolContext(t, yoloFixtures);
  const issue = `model file ${yoloFixtures}/none.onnx does not exist`;
  t.same(yoloClassify.check?.(yoloClassify.params.parse({ model: 'none.onnx' }), context), [issue]);
  t.same(yoloClassify.check?.(yoloClassify.params.parse({ model: 'v8-classify.onnx' }), context), []);
});
