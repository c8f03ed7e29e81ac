/** Non-maximum suppression keeps the best of overlapping boxes per class. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { type Candidates, createCandidates } from '../../../../src/models/yolo/candidates.ts';
import { intersectionOverUnion, nonMaxSuppression } from '../../../../src/models/yolo/nms.ts';

interface Box {
  readonly at: readonly [x1: number, y1: number, x2: number, y2: number];
  readonly score: number;
  readonly classIndex?: number;
}

function candidatesOf(boxes: readonly Box[]): Candidates {
  const candidates = createCandidates(boxes.length);
  candidates.count = boxes.length;
  for (const [index, { at, score, classIndex = 0 }] of boxes.entries()) {
    [candidates.x1[index], candidates.y1[index], candidates.x2[index], candidates.y2[index]] = at;
    candidates.score[index] = score;
    candidates.classIndex[index] = classIndex;
  }
  return candidates;
}

function overlapOf(a: Box['at'], b: Box['at']): number {
  const boxes = [a, b].map((at) => ({ at, score: 1 }));
  return intersectionOverUnion(candidatesOf(boxes), 0, 1);
}

test('IoU is the intersection over the union', async (t) => {
  t.equal(overlapOf([0, 0, 10, 10], [0, 0, 10, 10]), 1);
  t.equal(overlapOf([0, 0, 10, 10], [0, 0, 10, 5]), 0.5);
  t.equal(overlapOf([0, 0, 10, 10], [5, 5, 15, 15]), 25 / 175);
  t.equal(overlapOf([0, 0, 10, 10], [2, 2, 4, 4]), 0.04);
});

test('boxes that only touch or have no area have an IoU of 0', async (t) => {
  t.equal(overlapOf([0, 0, 10, 10], [10, 0, 20, 10]), 0);
  t.equal(overlapOf([0, 0, 10, 10], [20, 20, 30, 30]), 0);
  t.equal(overlapOf([5, 5, 5, 5], [5, 5, 5, 5]), 0);
});

test('keeps the better of two overlapping boxes in either order', async (t) => {
  const weak: Box = { at: [0, 0, 10, 10], score: 0.6 };
  const strong: Box = { at: [1, 0, 11, 10], score: 0.9 };
  t.same(nonMaxSuppression(candidatesOf([weak, strong]), 0.45, 100), [1]);
  t.same(nonMaxSuppression(candidatesOf([strong, weak]), 0.45, 100), [0]);
});

test('boxes of different classes do not suppress each other', async (t) => {
  const at = [0, 0, 10, 10] as const;
  const boxes: Box[] = [
    { at, score: 0.6, classIndex: 0 },
    { at, score: 0.9, classIndex: 1 },
  ];
  t.same(nonMaxSuppression(candidatesOf(boxes), 0.45, 100), [1, 0]);
});

test('keeps a box whose IoU equals the threshold', async (t) => {
  const boxes: Box[] = [
    { at: [0, 0, 10, 10], score: 0.9 },
    { at: [0, 0, 10, 5], score: 0.8 },
  ];
  t.same(nonMaxSuppression(candidatesOf(boxes), 0.5, 100), [0, 1]);
  t.same(nonMaxSuppression(candidatesOf(boxes), 0.499, 100), [0]);
});

test('a suppressed box does not suppress others', async (t) => {
  const chain: Box[] = [
    { at: [0, 0, 10, 10], score: 0.9 },
    { at: [3, 0, 13, 10], score: 0.8 },
    { at: [6, 0, 16, 10], score: 0.7 },
  ];
  t.same(nonMaxSuppression(candidatesOf(chain), 0.45, 100), [0, 2]);
});

test('keeps at most maxDetections boxes, the best', async (t) => {
  const boxes = [0.5, 0.9, 0.7].map((score, index): Box => ({ at: [20 * index, 0, 20 * index + 10, 10], score }));
  t.same(nonMaxSuppression(candidatesOf(boxes), 0.45, 2), [1, 2]);
});

test('boxes with equal scores keep their order', async (t) => {
  const boxes = [0, 1, 2].map((index): Box => ({ at: [20 * index, 0, 20 * index + 10, 10], score: 0.5 }));
  t.same(nonMaxSuppression(candidatesOf(boxes), 0.45, 100), [0, 1, 2]);
});

test('excluded boxes neither count nor suppress others', async (t) => {
  const boxes: Box[] = [
    { at: [0, 0, 10, 10], score: 0.9 },
    { at: [1, 0, 11, 10], score: 0.8 },
    { at: [40, 0, 50, 10], score: 0.7 },
  ];
  t.same(
    nonMaxSuppression(candidatesOf(boxes), 0.45, 2, (index) => index > 0),
    [1, 2],
  );
});

test('ignores columns beyond the count', async (t) => {
  const candidates = candidatesOf([
    { at: [0, 0, 10, 10], score: 0.5 },
    { at: [50, 0, 60, 10], score: 0.9 },
  ]);
  candidates.count = 1;
  t.same(nonMaxSuppression(candidates, 0.45, 100), [0]);
  candidates.count = 0;
  t.same(nonMaxSuppression(candidates, 0.45, 100), []);
});

const anyBox = fc
  .tuple(
    fc.nat({ max: 50 }),
    fc.nat({ max: 50 }),
    fc.nat({ max: 30 }),
    fc.nat({ max: 30 }),
    fc.nat({ max: 100 }),
    fc.nat({ max: 2 }),
  )
  .map(([x, y, w, h, score, classIndex]): Box => ({ at: [x, y, x + w, y + h], score: score / 100, classIndex }));

test('kept boxes are sorted and do not overlap, and every other box overlaps a better one', async () => {
  fc.assert(
    fc.property(fc.array(anyBox, { maxLength: 60 }), fc.constantFrom(0.1, 0.45, 0.9), (boxes, threshold) => {
      const candidates = candidatesOf(boxes);
      const kept = nonMaxSuppression(candidates, threshold, boxes.length);
      const score = (index: number) => candidates.score[index] as number;
      const hides = (better: number, index: number) =>
        better !== index &&
        candidates.classIndex[better] === candidates.classIndex[index] &&
        intersectionOverUnion(candidates, better, index) > threshold;
      assert.equal(new Set(kept).size, kept.length);
      for (const [rank, index] of kept.entries()) {
        if (rank > 0) assert.ok(score(index) <= score(kept[rank - 1] as number));
        assert.ok(!kept.some((other) => hides(other, index)));
      }
      for (const index of boxes.keys()) {
        assert.ok(kept.includes(index) || kept.some((better) => hides(better, index) && score(better) >= score(index)));
      }
    }),
  );
});

test('only the best candidates of a flood are compared', async (t) => {
  const boxes = Array.from({ length: 30_002 }, (_, at): Box => ({ at: [at, 0, at + 1, 1], score: 1 - at / 1e6 }));
  const candidates = candidatesOf(boxes);
  t.equal(nonMaxSuppression(candidates, 1, 50_000).length, 30_000);
  t.equal(nonMaxSuppression(candidates, 1, 50_000, (index) => index > 1).length, 30_000, 'excluded ones do not count');
});
