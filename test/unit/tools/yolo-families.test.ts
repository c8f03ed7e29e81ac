/** Models exported by each family's own tool return the same boxes as the family's own code. */
import { type Test, test } from 'tap';
import { yoloDetectObjects } from '../../../src/tools/yolo-detect-objects.ts';
import { createTool } from '../../support/tool-context.ts';
import { drawYoloPicture, readYoloFixture, yoloFixtures } from '../../support/yolo-fixtures.ts';

const maxPixels = 0.5;
const maxScore = 0.01;

/** v7 and YOLOX write no class names into their files. */
const nameless = ['v7', 'yolox'];
const endToEnd = ['v10', 'v26'];

async function compare(t: Test, name: string): Promise<void> {
  const { score_threshold, iou_threshold, names, frames } = readYoloFixture(name);
  const params = {
    model: `${name}.onnx`,
    score_threshold,
    // These models include NMS, and their own code does not apply it again.
    ...(endToEnd.includes(name) ? {} : { iou_threshold }),
    max_detections: 1000,
  };
  const tool = await createTool(t, yoloDetectObjects, params, yoloFixtures);
  for (const { width, height, seed, boxes } of frames) {
    const { detections = [] } = await tool.run({ image: drawYoloPicture(width, height, seed) });
    // Boxes entirely outside the image are not returned.
    const expected = boxes.filter(([x1, y1, x2, y2]) => x2 > x1 && y2 > y1);
    t.equal(detections.length, expected.length, `${width} × ${height}: as many boxes`);
    const left = new Set(detections);
    for (const [x1, y1, x2, y2, score, classIndex] of expected) {
      const label = nameless.includes(name) ? `class ${classIndex}` : names[classIndex];
      const match = [...left].find(({ x, y, w, h, ...found }) => {
        const apart = [x - x1, y - y1, x + w - x2, y + h - y2].map(Math.abs);
        return found.label === label && Math.max(...apart) < maxPixels && Math.abs(found.score - score) < maxScore;
      });
      if (match === undefined) t.fail(`${label} ${score} at ${x1} ${y1} ${x2} ${y2} is missing`);
      else left.delete(match);
    }
    t.equal(left.size, 0, `${width} × ${height}: no other boxes`);
  }
}

for (const name of ['v5', 'v7', 'v8', 'v8-free', 'v8-half', 'v10', 'v11', 'v12', 'v26', 'yolox']) {
  test(`${name} agrees with its own tool`, (t) => compare(t, name));
}
