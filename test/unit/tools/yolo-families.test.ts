/** Models exported by each family's own tool give what the family's own code gives: boxes, masks, keypoints, angles, classes. */
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { builtInTools } from '../../../src/tools/built-in.ts';
import { toolName } from '../../../src/tools/tool.ts';
import { createTool } from '../../support/tool-context.ts';
import { compareBoxes, labelsOf, maxScore } from '../../support/yolo-comparison.ts';
import { drawYoloPicture, readYoloFixture, type YoloFixture, yoloFixtures } from '../../support/yolo-fixtures.ts';

/** These models pick their boxes themselves, and their own code does not apply NMS again. */
const picked = /^(v10|v26|rtdetr|dfine|rfdetr)(?!.*-many)|-nms$/;

async function open(t: Test, name: string, fixture: YoloFixture) {
  const tool = builtInTools.find((each) => toolName(each) === fixture.tool);
  if (tool === undefined) throw new Error(`there is no tool ${fixture.tool}`);
  const modelsDir = t.testdir();
  mkdirSync(join(modelsDir, name));
  cpSync(join(yoloFixtures, `${name}.onnx`), join(modelsDir, name, 'model.onnx'));
  writeFileSync(join(modelsDir, name, 'model.json'), JSON.stringify(fixture.model_json ?? {}));
  const { score_threshold, iou_threshold, task } = fixture;
  const thresholds = { score_threshold, ...(picked.test(name) ? {} : { iou_threshold }), max_detections: 1000 };
  const params = task === 'classify' ? { top_k: 1000 } : thresholds;
  return createTool(
    t,
    tool,
    { model: name, ...params, ...(task === 'segment' && { polygon_tolerance: 0 }) },
    modelsDir,
  );
}

const names = readdirSync(yoloFixtures).flatMap((file) => (file.endsWith('.onnx') ? [file.slice(0, -5)] : []));

for (const name of names) {
  test(`${name} agrees with its own tool`, async (t) => {
    const fixture = readYoloFixture(name);
    const tool = await open(t, name, fixture);
    for (const frame of fixture.frames) {
      const { width, height, seed, probabilities } = frame;
      const result = await tool.run({ image: drawYoloPicture(width, height, seed) });
      if (probabilities === undefined) compareBoxes(t, fixture, frame, result.detections ?? []);
      probabilities?.forEach((probability, index) => {
        const labels = labelsOf(fixture.names, index);
        const found = result.classes?.find(({ label }) => labels.includes(label))?.score ?? -1;
        if (!(Math.abs(found - probability) < maxScore)) t.fail(`class ${index} is ${found}, expected ${probability}`);
      });
    }
  });
}
