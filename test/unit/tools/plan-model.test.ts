/** The task of a model is the one that it declares, or else the first one that its outputs fit. */
import { type Test, test } from 'tap';
import type { Outputs } from '../../../src/models/model.ts';
import { planModel } from '../../../src/tools/plan-model.ts';
import { boxOutputs, fakeModel, rowsTensor } from '../../support/fake-model.ts';
import { toolContext } from '../../support/tool-context.ts';
import { yoloFixtures } from '../../support/yolo-fixtures.ts';

const size = { width: 64, height: 64 };

async function planFile(t: Test, name: string) {
  return planModel(await toolContext(t, yoloFixtures).models.load(`${name}.onnx`));
}

function planOutputs(outputs: Outputs, metadata: Record<string, string> = {}) {
  return planModel(fakeModel({ outputs, metadata }).model);
}

test('a declared task is planned', async (t) => {
  const tasks = {
    v8: 'detect',
    'v8-segment': 'segment',
    'v8-pose': 'pose',
    'v8-obb': 'obb',
    'v8-classify': 'classify',
  };
  for (const [name, task] of Object.entries(tasks)) t.match(await planFile(t, name), { task }, name);
});

test('a file that declares its task is not tried for others', async (t) => {
  const outputs = boxOutputs('ultralytics', { boxes: 84, classes: 2 }, size);
  t.match(await planOutputs(outputs, { task: 'detect' }), { task: 'detect' });
  t.match(await planOutputs(outputs, { task: 'classify' }), {
    issue: /^its outputs are output0 \[1, 6, 84\]; expected/,
  });
});

test('without a task, the outputs decide', async (t) => {
  t.match(await planOutputs(boxOutputs('ultralytics', { boxes: 84, classes: 2 }, size)), { task: 'detect' });
  const prototypes = { data: new Float32Array(4 * 16 * 16), dims: [1, 4, 16, 16] };
  const masks = boxOutputs('ultralytics', { boxes: 84, classes: 2, extras: 4 }, size);
  t.match(await planOutputs({ ...masks, prototypes }), { task: 'segment', format: { prototypes: 'prototypes' } });
  const classes = { probabilities: { data: Float32Array.of(0.25, 0.75), dims: [1, 2] } };
  t.match(await planOutputs(classes), { task: 'classify', format: { name: 'probabilities' } });
});

test('without a task, keypoints show that it is a pose', async (t) => {
  // In pixels, so that they cannot be scores.
  const points = Array.from({ length: 84 }, (_, at) => [32, 32, 16, 16, 0.5, 20 + (at % 9), 30, 0.5, 40, 50, 0.5]);
  const { data } = rowsTensor(...points);
  const columns = Float32Array.from(data, (_, at) => data[(at % 84) * 11 + Math.floor(at / 84)] as number);
  const outputs = { output0: { data: columns, dims: [1, 11, 84] } };
  t.match(await planOutputs(outputs, { kpt_shape: '[2, 3]' }), { task: 'pose', keypoints: { count: 2, values: 3 } });
  t.match(await planOutputs(outputs), { issue: 'read as "ultralytics", its scores are 50 to 50; expected 0 to 1' });
});

test('if no tool runs it, the reason is why it is no detector', async (t) => {
  t.match(await planOutputs({ output0: rowsTensor([1, 2, 3]) }), {
    issue: /^output output0 has shape \[1, 1, 3\]; for a 64x64 input, expected one of: /,
  });
});

test('a task that no tool runs is told', async (t) => {
  const outputs = boxOutputs('ultralytics', { boxes: 84, classes: 2 }, size);
  t.match(await planOutputs(outputs, { task: 'depth' }), {
    issue: 'its metadata declares the task "depth"; none of the yolo tools runs it',
  });
});
