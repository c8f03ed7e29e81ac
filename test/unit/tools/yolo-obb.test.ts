/** `yolo.obb`: each detection has its corners and an angle, and the upright box around the part on the frame. */
import { test } from 'tap';
import { yoloObb } from '../../../src/tools/yolo-obb.ts';
import { createTool } from '../../support/tool-context.ts';
import { drawYoloPicture, yoloFixtures } from '../../support/yolo-fixtures.ts';

test('the upright box is around the quad', async (t) => {
  const image = drawYoloPicture(96, 64, 1);
  const tool = await createTool(t, yoloObb, { model: 'v8-obb.onnx', score_threshold: 0.1 }, yoloFixtures);
  const { detections = [] } = await tool.run({ image });
  t.ok(detections.length > 0);
  for (const { x, y, w, h, quad = [], angle = -1 } of detections) {
    t.equal(quad.length, 4);
    t.ok(angle >= 0 && angle < Math.PI / 2);
    const xs = quad.map(([px]) => Math.min(image.width, Math.max(0, px)));
    const ys = quad.map(([, py]) => Math.min(image.height, Math.max(0, py)));
    const bounds = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
    const apart = [x, y, x + w, y + h].map((side, at) => Math.abs(side - (bounds[at] as number)));
    t.ok(Math.max(...apart) < 1e-3, `${apart}`);
  }
});
