/** A model without a hint about its outputs is read right or refused, and a misconfigured one is refused, with the reason. */
import { join } from 'node:path';
import tap, { test } from 'tap';
import type { Image } from '../../../src/models/image.ts';
import { toolName } from '../../../src/tools/tool.ts';
import { yoloDetectObjects } from '../../../src/tools/yolo-detect-objects.ts';
import { onnxFixtures } from '../../support/onnx-fixtures.ts';
import { toolContext } from '../../support/tool-context.ts';

const context = toolContext(tap, onnxFixtures);

function create(model: string) {
  return yoloDetectObjects.create(yoloDetectObjects.params.parse({ model }), context);
}

test('the tool is named yolo.detect_objects', async (t) => {
  t.equal(toolName(yoloDetectObjects), 'yolo.detect_objects');
  t.equal(yoloDetectObjects.failureDetail, 'YOLO inference failed');
});

test('rejects a model with an unsupported input', async (t) => {
  const expected = 'expected float32 or float16 [1, 3, height, width], or uint8 [1, height, width, 3]';
  const issues = {
    'bytes-in.onnx': `input images is uint8 [1, 3, 64, 64]; ${expected}`,
    'gray-in.onnx': `input images is float32 [1, 1, 64, 64]; ${expected}`,
    'double.onnx': `input x is float32 [1, n]; ${expected}`,
    'batch-of-two.onnx': 'input images has a fixed batch size of 2; export the model with batch=1',
  };
  for (const [model, issue] of Object.entries(issues)) {
    await t.rejects(create(model), { message: `model "${model}": ${issue}` });
  }
});

test('rejects a model with an unknown output format', async (t) => {
  await t.rejects(create('not-a-detector.onnx'), {
    message:
      'model "not-a-detector.onnx": output output0 has shape [1, 4, 7]; for a 64x64 input, ' +
      'expected one of: [1, 4 + classes, boxes] (ultralytics: v8, v9, v11, v12), ' +
      '[1, 252 or 255, 5 + classes] (yolov5: v5, v7), [1, 84 or 85, 5 + classes] (yolox), ' +
      '[1, boxes, 6] (end-to-end: v10, v26), [1, boxes, 4 + classes] (detr-scores: RT-DETR), ' +
      'boxes [1, boxes, 4] with scores (RF-DETR, YOLO-NAS, and others)',
  });
});

test('rejects a model whose class names do not match its output', async (t) => {
  await t.rejects(create('three-names.onnx'), {
    message: 'model "three-names.onnx": output output0 has 2 classes, but the model names 3',
  });
});

test('a missing model is an issue before anything is loaded', async (t) => {
  const issue = `model file ${onnxFixtures}/absent.onnx does not exist`;
  t.same(yoloDetectObjects.check?.(yoloDetectObjects.params.parse({ model: 'absent.onnx' }), context), [issue]);
  t.same(yoloDetectObjects.check?.(yoloDetectObjects.params.parse({ model: 'boxes.onnx' }), context), []);
  await t.rejects(create('absent.onnx'), { message: issue });
});

test('params have defaults and limits', async (t) => {
  t.same(yoloDetectObjects.params.parse({}), {
    ...{ model: 'plate-yolo', max_detections: 100, second_look: false, match_aspect: false },
  });
  for (const bad of [
    { model: '' },
    { score_threshold: 1.1 },
    { iou_threshold: -0.1 },
    { max_detections: 0 },
    { max_detections: 1001 },
    { max_detections: 1.5 },
    { classes: [] },
    { clases: ['plate'] },
  ]) {
    t.equal(yoloDetectObjects.params.safeParse(bad).success, false, JSON.stringify(bad));
  }
});

const constants = toolContext(tap, join(onnxFixtures, 'constant'));

/** Detects on a frame of the size of these models' input. */
async function detectWith(model: string) {
  const image: Image = { width: 320, height: 320, channels: 3, data: new Uint8Array(320 * 320 * 3).fill(90) };
  const tool = await yoloDetectObjects.create(yoloDetectObjects.params.parse({ model: `${model}.onnx` }), constants);
  return (await tool.run({ image })).detections ?? [];
}

/** Each model and the class of its one box. */
const readable = {
  v8: 1,
  'end-to-end': 1,
  'nms-one-class': 0,
  'nms-two-classes': 1,
  'rtdetr-top-k-named': 1,
  'rtdetr-top-k': 1,
  'rtdetr-scores-named': 1,
  'rtdetr-scores-of-two': 1,
  'rtdetr-scores-of-three': 1,
  nas: 1,
  'nas-swapped': 1,
  'nas-of-four': 1,
  'pp-yoloe': 1,
  labels: 1,
  paddle: 1,
};

for (const [model, classIndex] of Object.entries(readable)) {
  test(`finds the box of ${model}.onnx`, async (t) => {
    const found = (await detectWith(model)).map(({ score, ...rest }) => ({ ...rest, score: Math.round(score * 100) }));
    t.same(found, [{ x: 120, y: 120, w: 80, h: 80, label: `class ${classIndex}`, score: 90 }]);
  });
}

const refused = {
  'v8-logits': 'read as "ultralytics", its scores are 0 to 4.5; expected 0 to 1',
  'v8-zeros': 'read as "ultralytics", its largest box is 0 x 0 pixels',
  'end-to-end-zeros': 'its outputs fit "end-to-end" and "detr-top-k"; set output_format in model.json',
  'v8-segment': 'output output1 [1, 4, 20, 20] has masks; use yolo.segment',
};

for (const [model, issue] of Object.entries(refused)) {
  test(`refuses ${model}.onnx, and says what was seen`, async (t) => {
    await t.rejects(detectWith(model), { message: `model "${model}.onnx": ${issue}` });
  });
}
