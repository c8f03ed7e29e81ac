/** Points, areas, lines and segments. */
import { test } from 'tap';
import type { Point } from '../../../src/protocol.ts';
import { distanceToOutline, isInside, segmentsCross, signedDistance } from '../../../src/zones/geometry.ts';

const square: readonly Point[] = [
  [0, 0],
  [10, 0],
  [10, 10],
  [0, 10],
];
/** Open to the top. */
const notched: readonly Point[] = [
  [0, 0],
  [4, 0],
  [4, 6],
  [6, 6],
  [6, 0],
  [10, 0],
  [10, 10],
  [0, 10],
];

test('inside follows the outline, whatever its direction', async (t) => {
  for (const area of [square, square.toReversed()]) {
    t.ok(isInside([5, 5], area));
    t.notOk(isInside([11, 5], area));
    t.notOk(isInside([5, -1], area));
  }
  t.notOk(isInside([5, 3], notched), 'in the notch');
  t.ok(isInside([5, 8], notched));
});

test('the distance to the outline is the same from both sides', async (t) => {
  t.equal(distanceToOutline([5, 2], square), 2);
  t.equal(distanceToOutline([5, -2], square), 2);
  t.equal(distanceToOutline([13, 14], square), 5, 'to a corner');
  t.equal(distanceToOutline([3, 4], [[0, 0]]), 5, 'one point');
});

test('right of a line is positive, as seen along it with y pointing down', async (t) => {
  t.equal(signedDistance([5, 3], [0, 0], [10, 0]), 3);
  t.equal(signedDistance([5, -3], [0, 0], [10, 0]), -3);
  t.equal(signedDistance([5, 3], [10, 0], [0, 0]), -3);
});

test('segments cross where they have a point in common', async (t) => {
  t.ok(segmentsCross([5, -1], [5, 1], [0, 0], [10, 0]));
  t.ok(segmentsCross([5, -1], [5, 0], [0, 0], [10, 0]), 'it ends on the other');
  t.notOk(segmentsCross([11, -1], [11, 1], [0, 0], [10, 0]), 'past the end');
  t.notOk(segmentsCross([1, 0], [5, 0], [0, 0], [10, 0]), 'along it');
});
