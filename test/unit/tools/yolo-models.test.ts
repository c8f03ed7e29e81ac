/** A model that is not a detector, or is misconfigured, is rejected with the reason. */
import tap, { test } from 'tap';
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
    'batch-of-two.onnx': 'input images has a fixed batch size of 2; expected 1',
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
      '[1, boxes, 6] (end-to-end: v10, v26)',
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
  t.same(yoloDetectObjects.params.parse({}), { model: 'plate-yolo', max_detections: 100 });
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
