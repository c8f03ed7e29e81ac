/** Rotated boxes overlap as much as Ultralytics says, and the best of each group remains. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { type Candidates, createCandidates } from '../../../../src/models/yolo/candidates.ts';
import { gaussianOf, probabilisticIou, suppressRotated } from '../../../../src/models/yolo/rotated-nms.ts';

/** Center x, center y, width, height, angle in radians. */
type Box = readonly [x: number, y: number, w: number, h: number, angle: number];

function overlapOf(a: Box, b: Box): number {
  return probabilisticIou(gaussianOf(...a), gaussianOf(...b));
}

function isNear(found: number, expected: number): boolean {
  return Math.abs(found - expected) < 1e-6;
}

test('the overlap is that of Ultralytics', async (t) => {
  // `batch_probiou` of ultralytics 8.4.190 in float64.
  const known: [Box, Box, number][] = [
    [[50, 50, 40, 20, 0.3], [50, 50, 40, 20, 0.3], 0.9995527864101446],
    [[50, 50, 40, 20, 0.3], [60, 55, 30, 25, 1.1], 0.5527193720151973],
    [[50, 50, 40, 20, 0], [50, 50, 40, 20, Math.PI / 2], 0.5527862640775121],
    [[100, 80, 60, 10, 0.7], [110, 90, 50, 12, 0.6], 0.5973092568755096],
    [[100, 80, 60, 10, 0.7], [180, 80, 60, 10, 0.7], 0],
    [[20, 20, 8, 8, 0.2], [22, 19, 10, 6, 1.2], 0.5918204088680127],
  ];
  for (const [a, b, expected] of known) t.ok(isNear(overlapOf(a, b), expected), `${overlapOf(a, b)}, not ${expected}`);
});

test('a box and itself by half a turn, or by a quarter with its sides exchanged, are the same', async (t) => {
  const box: Box = [50, 50, 40, 20, 0.3];
  t.ok(overlapOf(box, [50, 50, 40, 20, 0.3 + Math.PI]) > 0.999);
  t.ok(overlapOf(box, [50, 50, 20, 40, 0.3 + Math.PI / 2]) > 0.999);
});

test('boxes without an area have a finite overlap', async (t) => {
  for (const box of [[5, 5, 0, 0, 0] as const, [5, 5, 10, 0, 1] as const]) {
    t.ok(Number.isFinite(overlapOf(box, box)));
    t.ok(Number.isFinite(overlapOf(box, [5, 5, 10, 10, 0])));
  }
});

const side = fc.integer({ min: 1, max: 100 });
const anyBox = fc.tuple(side, side, side, side, fc.float({ min: 0, max: 3, noNaN: true }));

test('the overlap is symmetric, and between 0 and 1', async () => {
  fc.assert(
    fc.property(anyBox, anyBox, (a, b) => {
      const overlap = overlapOf(a, b);
      assert.ok(overlap > -1e-6 && overlap < 1);
      assert.ok(Math.abs(overlap - overlapOf(b, a)) < 1e-9);
    }),
  );
});

test('the overlap becomes smaller with the distance', async () => {
  const direction = fc.float({ min: 0, max: 6, noNaN: true });
  fc.assert(
    fc.property(anyBox, direction, side, side, ([x, y, w, h, angle], toward, near, further) => {
      const at = (distance: number): Box => [
        x + distance * Math.cos(toward),
        y + distance * Math.sin(toward),
        w,
        h,
        angle,
      ];
      const box = at(0);
      assert.ok(overlapOf(box, at(near)) >= overlapOf(box, at(near + further)));
      assert.ok(overlapOf(box, at(1 + near)) < overlapOf(box, box));
    }),
  );
});

interface Scored {
  readonly box: Box;
  readonly score: number;
  readonly classIndex?: number;
}

function candidatesOf(boxes: readonly Scored[]): Candidates {
  const candidates = createCandidates(boxes.length);
  candidates.count = boxes.length;
  for (const [index, { score, classIndex = 0 }] of boxes.entries()) {
    candidates.score[index] = score;
    candidates.classIndex[index] = classIndex;
  }
  return candidates;
}

function suppress(boxes: readonly Scored[], threshold: number, maxDetections = 100, isIncluded = (_: number) => true) {
  const gaussianAt = (index: number) => gaussianOf(...(boxes[index]?.box as Box));
  return suppressRotated(candidatesOf(boxes), gaussianAt, threshold, maxDetections, isIncluded);
}

const low: Scored = { box: [50, 50, 40, 20, 0.3], score: 0.5 };
const high: Scored = { box: [51, 50, 40, 20, 0.35], score: 0.9 };
const apart: Scored = { box: [200, 50, 40, 20, 0.3], score: 0.7 };

test('keeps the better of two boxes in either order, and boxes elsewhere', async (t) => {
  t.same(suppress([low, high, apart], 0.45), [1, 2]);
  t.same(suppress([high, apart, low], 0.45), [0, 1]);
});

test('crossed boxes of one center are two objects', async (t) => {
  const crossed: Scored = { box: [50, 50, 60, 8, 0.3 + Math.PI / 2], score: 0.8 };
  t.same(suppress([{ box: [50, 50, 60, 8, 0.3], score: 0.9 }, crossed], 0.45), [0, 1]);
});

test('boxes of different classes do not suppress each other', async (t) => {
  t.same(suppress([low, { ...high, classIndex: 1 }], 0.45), [1, 0]);
});

test('a removed box removes others, as in Ultralytics’ fast NMS', async (t) => {
  const chain = [0, 1, 2].map((step): Scored => ({ box: [100 + 16 * step, 50, 60, 30, 0], score: 0.9 - 0.1 * step }));
  const threshold = 0.55;
  t.ok(overlapOf((chain[0] as Scored).box, (chain[1] as Scored).box) > threshold);
  t.notOk(overlapOf((chain[0] as Scored).box, (chain[2] as Scored).box) > threshold);
  t.same(suppress(chain, threshold), [0]);
});

test('excluded boxes neither count nor suppress others', async (t) => {
  t.same(
    suppress([low, high, apart], 0.45, 2, (index) => index !== 1),
    [2, 0],
  );
});

test('keeps at most maxDetections boxes, the best; a threshold of 1 disables it', async (t) => {
  t.same(suppress([low, high, apart], 0.45, 1), [1]);
  t.same(suppress([low, high, low], 1), [1, 0, 2]);
  t.same(suppress([low, high, low], 1, 2), [1, 0]);
  t.same(suppress([], 0.45), []);
});
