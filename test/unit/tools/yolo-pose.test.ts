/** `yolo.pose`: keypoints, and their names if the model has any. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { yoloPose } from '../../../src/tools/yolo-pose.ts';
import { createTool } from '../../support/tool-context.ts';
import { drawYoloPicture, readYoloFixture, yoloFixtures } from '../../support/yolo-fixtures.ts';

const image = drawYoloPicture(96, 64, 1);
const keypoints = readYoloFixture('v8-pose').frames[0]?.keypoints?.[0]?.length ?? 0;

async function estimate(t: Test, overrides?: object) {
  const modelsDir = t.testdir();
  mkdirSync(join(modelsDir, 'mine'));
  copyFileSync(join(yoloFixtures, 'v8-pose.onnx'), join(modelsDir, 'mine/model.onnx'));
  if (overrides !== undefined) writeFileSync(join(modelsDir, 'mine/model.json'), JSON.stringify(overrides));
  const tool = await createTool(t, yoloPose, { model: 'mine', score_threshold: 0.1 }, modelsDir);
  return tool.run({ image });
}

test('every detection has all keypoints, on the frame, with a score', async (t) => {
  const { detections = [] } = await estimate(t);
  t.ok(detections.length > 0 && keypoints > 0);
  for (const detection of detections) {
    t.equal(detection.keypoints?.length, keypoints);
    for (const [x, y, score = -1] of detection.keypoints ?? []) {
      const isOnFrame = x >= 0 && y >= 0 && x <= image.width && y <= image.height;
      if (!(isOnFrame && score >= 0 && score <= 1)) t.fail(`${x} ${y} ${score}`);
    }
  }
});

test('names of the keypoints are those of model.json', async (t) => {
  const names = Array.from({ length: keypoints }, (_, index) => `point ${index}`);
  t.same((await estimate(t, { keypoint_names: names })).keypoint_names, names);
  await t.rejects(estimate(t, { keypoint_names: ['nose', ...names] }), {
    message: `model "mine": it has ${keypoints} keypoints, but names ${keypoints + 1}`,
  });
});

test('a shape of keypoints that does not fit the output is refused', async (t) => {
  await t.rejects(estimate(t, { keypoint_shape: [1000, 3] }), { message: /^model "mine": output output0 has shape / });
});
