/** A ring encloses exactly its pixels. Holes, and what is in them, have no rings. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { ContourTracer, type Ring } from '../../../../src/models/yolo/contours.ts';
import type { Bitmap } from '../../../../src/models/yolo/mask-grid.ts';
import type { Point } from '../../../../src/protocol.ts';
import { fillHoles, rasterize } from '../../../support/masks.ts';

/** A mask drawn with `#`. */
function drawn(rows: readonly string[], x = 0, y = 0): Bitmap {
  const width = rows[0]?.length ?? 0;
  const data = Uint8Array.from(rows.join(''), (character) => (character === '#' ? 1 : 0));
  return { x, y, width, height: rows.length, data };
}

function trace(...rows: string[]): Ring[] {
  return new ContourTracer().trace(drawn(rows));
}

function pointsOf(ring: Ring): Point[] {
  return Array.from(
    { length: ring.length / 2 },
    (_, at): Point => [ring[2 * at] as number, ring[2 * at + 1] as number],
  );
}

/** Twice the area that a ring encloses; positive if it is clockwise on the image. */
function doubleArea(ring: Ring): number {
  const points = pointsOf(ring);
  return points.reduce((sum, [x, y], at) => {
    const [nextX, nextY] = points[(at + 1) % points.length] as Point;
    return sum + x * nextY - nextX * y;
  }, 0);
}

test('a single pixel has four corners, clockwise from the top left', async (t) => {
  t.same(trace('...', '.#.', '...'), [[1, 1, 2, 1, 2, 2, 1, 2]]);
});

test('only corners are in a ring', async (t) => {
  t.same(trace('###', '###'), [[0, 0, 3, 0, 3, 2, 0, 2]]);
  t.same(trace('#..', '#..', '###'), [[0, 0, 1, 0, 1, 2, 3, 2, 3, 3, 0, 3]]);
});

test('an object may touch every edge of the image', async (t) => {
  t.same(trace('#'), [[0, 0, 1, 0, 1, 1, 0, 1]]);
  t.same(trace('#.#', '...', '#.#').length, 4);
  t.same(trace('.#.', '###', '.#.'), [[1, 0, 2, 0, 2, 1, 3, 1, 3, 2, 2, 2, 2, 3, 1, 3, 1, 2, 0, 2, 0, 1, 1, 1]]);
});

test('coordinates are those of the whole image', async (t) => {
  t.same(new ContourTracer().trace(drawn(['#'], 7, 9)), [[7, 9, 8, 9, 8, 10, 7, 10]]);
});

test('pixels that touch at a corner belong together', async (t) => {
  t.same(trace('#.', '.#'), [[0, 0, 1, 0, 1, 1, 2, 1, 2, 2, 1, 2, 1, 1, 0, 1]]);
  t.same(trace('.#', '#.').length, 1);
  t.same(trace('#...', '.#..', '..#.', '...#').length, 1);
  t.same(trace('#.#', '.#.', '#.#').length, 1);
});

test('parts that do not touch have a ring each, from top to bottom', async (t) => {
  t.same(trace('#.#', '...', '.#.'), [
    [0, 0, 1, 0, 1, 1, 0, 1],
    [2, 0, 3, 0, 3, 1, 2, 1],
    [1, 2, 2, 2, 2, 3, 1, 3],
  ]);
});

test('a hole has no ring, and neither has what is in it', async (t) => {
  t.same(trace('###', '#.#', '###'), [[0, 0, 3, 0, 3, 3, 0, 3]]);
  t.same(trace('#####', '#...#', '#.#.#', '#...#', '#####'), [[0, 0, 5, 0, 5, 5, 0, 5]]);
  t.same(trace('####', '#..#', '#.##', '####'), [[0, 0, 4, 0, 4, 4, 0, 4]]);
});

test('an object beside one with a hole has a ring', async (t) => {
  t.same(trace('###..', '#.#.#', '###..'), [
    [0, 0, 3, 0, 3, 3, 0, 3],
    [4, 1, 5, 1, 5, 2, 4, 2],
  ]);
});

test('a bay whose mouth is closed only at a corner is a hole', async (t) => {
  t.same(trace('.##.', '#..#', '.##.').length, 1);
});

test('an empty mask has no rings', async (t) => {
  t.same(trace('...', '...'), []);
  t.same(new ContourTracer().trace({ x: 0, y: 0, width: 0, height: 0, data: new Uint8Array(0) }), []);
});

test('nothing remains of the mask before', async (t) => {
  const tracer = new ContourTracer();
  tracer.trace(drawn(['####', '####', '####', '####']));
  t.same(tracer.trace(drawn(['.##', '.##'])), [[1, 0, 3, 0, 3, 2, 1, 2]]);
  t.same(tracer.trace(drawn(['####', '####', '####', '####'])), [[0, 0, 4, 0, 4, 4, 0, 4]]);
});

/** Many small parts, or few large ones with holes. */
const anyMask = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), fc.constantFrom(2, 4, 7, 9))
  .chain(([width, height, filled]) => {
    const pixel = fc.nat({ max: 9 }).map((level) => (level < filled ? 1 : 0));
    const pixels = fc.array(pixel, { minLength: width * height, maxLength: width * height });
    return pixels.map((data): Bitmap => ({ x: 0, y: 0, width, height, data: Uint8Array.from(data) }));
  });

test('the rings of any mask enclose its pixels and its holes, and nothing else', async () => {
  const tracer = new ContourTracer();
  fc.assert(
    fc.property(anyMask, (mask) => {
      const rings = tracer.trace(mask).map(pointsOf);
      assert.deepEqual(rasterize(rings, mask), fillHoles(mask.data, mask));
    }),
    { numRuns: 1000 },
  );
});

test('any ring is clockwise, has only corners, and overlaps no other', async () => {
  const tracer = new ContourTracer();
  fc.assert(
    fc.property(anyMask, (mask) => {
      const rings = tracer.trace(mask);
      for (const ring of rings) {
        assert.ok(doubleArea(ring) > 0);
        const points = pointsOf(ring);
        points.forEach(([x, y], at) => {
          const [nextX, nextY] = points[(at + 1) % points.length] as Point;
          const [lastX] = points.at(at - 1) as Point;
          assert.ok((x === nextX) !== (y === nextY), 'along an axis');
          assert.ok((x === nextX) !== (x === lastX), 'a turn at every corner');
        });
      }
      const total = rings.reduce((sum, ring) => sum + doubleArea(ring) / 2, 0);
      assert.equal(
        total,
        fillHoles(mask.data, mask).reduce((sum, pixel) => sum + pixel, 0),
      );
    }),
    { numRuns: 300 },
  );
});
