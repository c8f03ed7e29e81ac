/** Among the formats that fit the shapes, the values decide. What they cannot decide is refused, and never guessed. */
import { test } from 'tap';
import type { Inputs, Outputs } from '../../../../src/models/model.ts';
import type { ModelOverrides } from '../../../../src/models/model-files.ts';
import { type BoxFormatName, boxFormatNames } from '../../../../src/models/yolo/format-names.ts';
import { planBoxes } from '../../../../src/models/yolo/plan.ts';
import type { BoxTask } from '../../../../src/models/yolo/task.ts';
import { boxOutputs, columnsTensor, fakeModel, rowsTensor } from '../../../support/fake-model.ts';
import { drawYoloPicture } from '../../../support/yolo-fixtures.ts';

const input = { width: 64, height: 64 };
/** Boxes of a pyramid for 64 × 64 pixels. */
const cells = 84;
const boxCounts: Partial<Record<BoxFormatName, number>> = { yolov5: 3 * cells, yolox: cells, ultralytics: cells };

interface Parts {
  readonly metadata?: Record<string, string>;
  readonly overrides?: ModelOverrides;
  readonly task?: BoxTask;
}

function planFor(outputs: Outputs, { metadata = {}, overrides = {}, task = 'detect' }: Parts = {}) {
  return planBoxes(fakeModel({ outputs, metadata }).model, task, overrides, drawYoloPicture(64, 48, 2));
}

/** The name of the format, or the issue. */
async function choiceFor(outputs: Outputs, parts: Parts = {}): Promise<string> {
  const plan = await planFor(outputs, parts);
  return 'issue' in plan ? plan.issue : plan.format.name;
}

function outputsOf(name: BoxFormatName, classes: number, extras = 0): Outputs {
  return boxOutputs(name, { boxes: boxCounts[name] ?? 30, classes, extras }, input);
}

for (const name of boxFormatNames) {
  test(`${name} is recognized by its values, whatever the number of classes`, async (t) => {
    for (const classes of [1, 2, 3, 4, 80])
      t.equal(await choiceFor(outputsOf(name, classes)), name, `${classes} classes`);
  });
}

test('YOLOX’s offsets are not taken for fractions', async (t) => {
  // Most offsets of trained models are near the middle of the cell, and most boxes are larger than it.
  const boxes = Array.from({ length: cells }, (_, at) => {
    const part = (0.37 * at) % 1;
    return [0.2 + 0.6 * part, 0.8 - 0.6 * part, 1.5 * part - 0.2, 1.2 * part, 0.01, 0.2, 0.1];
  });
  t.equal(await choiceFor({ output: rowsTensor(...boxes) }), 'yolox');
});

test('a format that fits the shape but not the values is refused with what was seen', async (t) => {
  const metadata = { task: 'detect', head: 'Detect', args: '{}' };
  const logits = columnsTensor(...Array.from({ length: cells }, () => [20, 20, 8, 8, -3.25, 4.5]));
  t.equal(
    await choiceFor({ output0: logits }, { metadata }),
    'read as "ultralytics", its scores are 4.5 to 4.5; expected 0 to 1',
  );
});

test('every reading that was refused is told', async (t) => {
  const nothing = rowsTensor(...Array.from({ length: 5 }, () => [500, 500, 600, 600, 0.9, 0.5]));
  t.equal(
    await choiceFor({ output0: nothing }),
    'read as "ultralytics", its scores are 0.5 to 600; expected 0 to 1; ' +
      'read as "end-to-end", it has a class 0.5; expected whole numbers from 0',
  );
});

test('values that fit two formats are refused, and model.json decides', async (t) => {
  // Neither has found anything, so there are no boxes to judge.
  const nothing = { output0: rowsTensor(...Array.from({ length: 300 }, () => [0, 0, 0, 0, 0, 0])) };
  const issue = 'its outputs fit "end-to-end" and "detr-top-k"; set output_format in model.json';
  t.equal(await choiceFor(nothing), issue);
  t.equal(await choiceFor(nothing, { overrides: { output_format: 'detr-top-k' } }), 'detr-top-k');
  t.equal(await choiceFor(nothing, { metadata: { end2end: 'True' } }), 'end-to-end');
});

test('the number of names leaves the formats with as many classes', async (t) => {
  const outputs = outputsOf('yolov5', 3);
  t.equal(await choiceFor(outputs, { overrides: { names: ['a', 'b', 'c'] } }), 'yolov5');
  t.equal(
    await choiceFor(outputs, { overrides: { names: ['a', 'b'] } }),
    'output output0 has 3 classes, but the model names 2',
  );
  t.equal(await choiceFor(outputs, { metadata: { names: "{0: 'a', 1: 'b', 2: 'c'}" } }), 'yolov5');
});

test('masks without metadata are not taken for boxes', async (t) => {
  const prototypes = { data: new Float32Array(32 * 16 * 16), dims: [1, 32, 16, 16] };
  const outputs = { ...outputsOf('ultralytics', 2, 32), prototypes };
  const issue = 'output prototypes [1, 32, 16, 16] has masks; use yolo.segment';
  for (const task of ['detect', 'pose', 'obb'] as const) {
    t.equal(await choiceFor(outputs, { task, overrides: { keypoint_shape: [16, 2] } }), issue, task);
  }
  t.equal(await choiceFor(outputs, { task: 'segment' }), 'ultralytics');
});

test('a declared detector may have a feature map beside its boxes', async (t) => {
  const map = { data: new Float32Array(8 * 8 * 8), dims: [1, 8, 8, 8] };
  const outputs = { ...outputsOf('ultralytics', 2), map };
  t.equal(await choiceFor(outputs, { metadata: { task: 'detect' } }), 'ultralytics');
  t.equal(await choiceFor(outputs, { overrides: { output_format: 'ultralytics' } }), 'ultralytics');
  t.match(await choiceFor(outputs), /has masks; use yolo\.segment$/);
});

test('what a model returns for a picture counts, too', async (t) => {
  const nothing = { output0: rowsTensor([0, 0, 0, 0, 0, 0]) };
  const { model } = fakeModel({ outputs: nothing, metadata: { end2end: 'True' } });
  const seeing = {
    ...model,
    async run(tensors: Inputs): Promise<Outputs> {
      const isBlank = tensors['images']?.data.every((value) => value === 0);
      return isBlank ? nothing : { output0: rowsTensor([10, 10, 30, 30, 7.5, 0]) };
    },
  };
  t.match(await planBoxes(model, 'detect', {}, drawYoloPicture(64, 48, 2)), { format: { name: 'end-to-end' } });
  t.same(await planBoxes(seeing, 'detect', {}, drawYoloPicture(64, 48, 2)), {
    issue: 'read as "end-to-end", its scores are 7.5 to 7.5; expected 0 to 1',
  });
});

test('keypoints come from model.json, then from the file', async (t) => {
  const outputs = outputsOf('ultralytics', 1, 6);
  const metadata = { kpt_shape: '[2, 3]', kpt_names: "{0: ['nose', 'tail']}" };
  const plan = await planFor(outputs, { task: 'pose', metadata });
  t.match(plan, {
    task: 'pose',
    keypoints: { count: 2, values: 3, names: ['nose', 'tail'] },
    format: { scores: { columns: { count: 1 } }, extras: { at: 5, count: 6 } },
  });
  t.match(await planFor(outputs, { task: 'pose', overrides: { keypoint_shape: [3, 2] } }), {
    keypoints: { count: 3, values: 2, names: undefined },
  });
  t.equal(
    await choiceFor(outputs, { task: 'pose' }),
    'its metadata has no kpt_shape; set keypoint_shape in model.json, for example to [17, 3]',
  );
  t.equal(
    await choiceFor(outputs, { task: 'pose', metadata, overrides: { keypoint_names: ['nose'] } }),
    'it has 2 keypoints, but names 1',
  );
  t.match(await choiceFor(outputs, { task: 'pose', metadata: { kpt_shape: '[2, 4]' } }), /no kpt_shape/);
});

test('a task’s expected shapes name what a box has besides its scores', async (t) => {
  const outputs = { output0: rowsTensor([1, 2, 3]) };
  const expected = {
    segment: '+ mask coefficients, boxes] (ultralytics: v8, v9, v11, v12)',
    pose: '+ keypoints, boxes] (ultralytics: v8, v9, v11, v12)',
    obb: '+ angle, boxes] (ultralytics: v8, v9, v11, v12)',
  };
  for (const [task, text] of Object.entries(expected)) {
    const parts = { task: task as BoxTask, overrides: { keypoint_shape: [1, 2] } satisfies ModelOverrides };
    const issue = await choiceFor(outputs, parts);
    t.ok(issue.startsWith('output output0 has shape [1, 1, 3]; for a 64x64 input, expected one of: '), issue);
    t.ok(issue.includes(`[1, 4 + classes ${text}`), issue);
    t.notOk(issue.includes('yolox'), 'no formats of other tasks');
    t.equal(issue.endsWith(', and mask prototypes [1, coefficients, height, width]'), task === 'segment');
  }
});

test('an output format of classifiers is none of boxes', async (t) => {
  const issue = await choiceFor(outputsOf('ultralytics', 2), { overrides: { output_format: 'logits' } });
  t.equal(issue, 'output_format "logits" is one of classifiers; use yolo.classify');
});
