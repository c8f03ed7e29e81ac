/** A simplified ring keeps its outline within the tolerance. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { ContourTracer, type Ring } from '../../../../src/models/yolo/contours.ts';
import { simplifyRing } from '../../../../src/models/yolo/simplify.ts';

function pointsOf(ring: Ring): [number, number][] {
  return Array.from({ length: ring.length / 2 }, (_, at) => [ring[2 * at] as number, ring[2 * at + 1] as number]);
}

/** Distance of a point from the closed outline of a ring. */
function distanceTo(ring: Ring, [x, y]: readonly [number, number]): number {
  const points = pointsOf(ring);
  const distances = points.map(([ax, ay], at) => {
    const [bx, by] = points[(at + 1) % points.length] as [number, number];
    const [dx, dy] = [bx - ax, by - ay];
    const length = dx * dx + dy * dy;
    const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
    return Math.hypot(x - ax - along * dx, y - ay - along * dy);
  });
  return Math.min(...distances);
}

const square = [0, 0, 10, 0, 10, 10, 0, 10];

test('corners that stick out less than the tolerance are removed', async (t) => {
  const withBump = [0, 0, 5, -1, 10, 0, 10, 10, 0, 10];
  t.same(simplifyRing(withBump, 1), square, 'a distance that equals the tolerance');
  t.same(simplifyRing(withBump, 0.99), withBump);
});

test('a staircase becomes a line', async (t) => {
  const steps = Array.from({ length: 20 }, (_, step) => [step, step, step + 1, step]).flat();
  const ring = [...steps, 20, 20, 0, 20];
  t.same(simplifyRing(ring, 1), [0, 0, 20, 20, 0, 20]);
});

test('without a tolerance every corner stays', async (t) => {
  const ring = [0, 0, 5, 0, 10, 0, 10, 10, 0, 10];
  t.equal(simplifyRing(ring, 0), ring);
});

test('a polygon has at least three points', async (t) => {
  t.same(simplifyRing(square, 100), square, 'a small object keeps its ring');
  const triangle = [0, 0, 1, 0, 0, 1];
  t.same(simplifyRing(triangle, 100), triangle);
});

test('a ring may pass a corner twice', async (t) => {
  const [ring] = new ContourTracer().trace({ x: 0, y: 0, width: 2, height: 2, data: Uint8Array.of(1, 0, 0, 1) });
  t.equal(ring?.length, 16);
  t.same(simplifyRing(ring as Ring, 0.5), [0, 0, 1, 0, 2, 2, 1, 2]);
});

const coordinate = fc.integer({ min: 0, max: 40 });
const anyRing = fc
  .array(fc.tuple(coordinate, coordinate), { minLength: 3, maxLength: 60 })
  .map((points): Ring => points.flat());
const anyTolerance = fc.constantFrom(0.5, 1, 2.5, 8);

test('every removed corner is within the tolerance of the ring that remains', async () => {
  fc.assert(
    fc.property(anyRing, anyTolerance, (ring, tolerance) => {
      const simple = simplifyRing(ring, tolerance);
      assert.ok(simple.length >= 6 && simple.length <= ring.length);
      for (const point of pointsOf(ring)) {
        const distance = distanceTo(simple, point);
        assert.ok(distance <= tolerance + 1e-9, `${point} is ${distance} off`);
      }
    }),
    { numRuns: 500 },
  );
});

test('the corners that remain are corners of the ring, in its order', async () => {
  fc.assert(
    fc.property(anyRing, anyTolerance, (ring, tolerance) => {
      const points = pointsOf(ring).map(String);
      let at = -1;
      for (const point of pointsOf(simplifyRing(ring, tolerance))) {
        at = points.indexOf(String(point), at + 1);
        assert.notEqual(at, -1, `${point}`);
      }
    }),
  );
});

test('a ring of many corners is simplified in parts', async (t) => {
  // Each farthest corner is the last one, so that without parts every corner would be compared with all others: 40 seconds.
  const teeth = Array.from({ length: 40_000 }, (_, at) => [at, at % 2 === 0 ? at + 5 : 0]).flat();
  const ring = [...teeth, 40_000, -5, 0, -5];
  t.ok(simplifyRing(ring, 1).length > 0.9 * ring.length);
  const straight = Array.from({ length: 5000 }, (_, at) => [at, 0]).flat();
  const simple = simplifyRing([...straight, 5000, 5000], 1);
  t.ok(simple.length / 2 <= 8, `${simple.length / 2} corners`);
});
