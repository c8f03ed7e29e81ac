/** `yolo.segment`: polygons with a tolerance, and masks on request. */
import { type Test, test } from 'tap';
import { yoloSegment } from '../../../src/tools/yolo-segment.ts';
import { fillHoles, maskIou, rasterize } from '../../support/masks.ts';
import { createTool } from '../../support/tool-context.ts';
import { decodeMask, drawYoloPicture, yoloFixtures } from '../../support/yolo-fixtures.ts';

const model = 'v8-segment.onnx';
/** Of the size of the model's input, so that masks of the frame are masks of the input. */
const image = drawYoloPicture(128, 128, 3);

async function segment(t: Test, params: object = {}) {
  const tool = await createTool(t, yoloSegment, { model, score_threshold: 0.3, ...params }, yoloFixtures);
  return (await tool.run({ image })).detections ?? [];
}

test('params', async (t) => {
  t.match(yoloSegment.params.parse({ model }), { mask: false, polygon_tolerance: 1 });
  for (const bad of [{ mask: 'yes' }, { polygon_tolerance: -1 }, { polygon_tolerance: 101 }]) {
    t.equal(yoloSegment.params.safeParse({ model, ...bad }).success, false, JSON.stringify(bad));
  }
});

test('masks are added on request, and do not change the rest', async (t) => {
  const plain = await segment(t);
  const masked = await segment(t, { mask: true });
  t.ok(plain.length > 3, `${plain.length} objects`);
  t.ok(plain.every(({ mask }) => mask === undefined));
  t.ok(masked.every(({ mask }) => mask?.size.join() === '128,128'));
  t.same(
    masked.map(({ mask, ...rest }) => rest),
    plain,
  );
});

test('polygons enclose the mask: exactly without a tolerance, and roughly with one', async (t) => {
  const exact = await segment(t, { mask: true, polygon_tolerance: 0 });
  const rough = await segment(t, { polygon_tolerance: 3 });
  const pointsOf = (detections: typeof exact) => detections.flatMap(({ polygons = [] }) => polygons.flat()).length;
  t.ok(pointsOf(rough) < pointsOf(exact), `${pointsOf(rough)} of ${pointsOf(exact)} points`);
  for (const [index, { mask, polygons = [] }] of exact.entries()) {
    if (mask === undefined) throw new Error('no mask');
    const filled = fillHoles(decodeMask(mask), image);
    t.equal(maskIou(rasterize(polygons, image), filled), 1, `polygons of object ${index}`);
  }
});

test('polygons are inside the box, and have three points or more', async (t) => {
  for (const { x, y, w, h, polygons = [] } of await segment(t, { polygon_tolerance: 2 })) {
    t.ok(polygons.length > 0);
    for (const polygon of polygons) {
      t.ok(polygon.length >= 3);
      // A mask has the pixels whose left or top edge is inside the box, so it may end up to a pixel behind it.
      t.ok(polygon.every(([px, py]) => px >= x && py >= y && px <= x + w + 1 && py <= y + h + 1));
    }
  }
});
