/** An outline has a limited number of rings and points. */
import { test } from 'tap';
import type { Ring } from '../../../../src/models/yolo/contours.ts';
import { outlineOf } from '../../../../src/models/yolo/outline.ts';

/** Clockwise, at a place of its own. */
function square(side: number, at = 0): Ring {
  return [at, 0, at + side, 0, at + side, side, at, side];
}

/** A staircase of so many corners, which a tolerance of 0 leaves. */
function staircase(corners: number): Ring {
  return Array.from({ length: corners }, (_, at) => [Math.ceil(at / 2), Math.floor(at / 2)]).flat();
}

test('an ordinary outline is only simplified', async (t) => {
  t.same(outlineOf([square(10), staircase(100)], 0), [square(10), staircase(100)]);
  t.same(outlineOf([[0, 0, 5, -1, 10, 0, 10, 10, 0, 10]], 1), [square(10)]);
  t.same(outlineOf([], 1), []);
});

test('the largest rings are kept, in their order', async (t) => {
  const sides = Array.from({ length: 150 }, (_, at) => 1 + ((at * 37) % 150));
  const kept = outlineOf(
    sides.map((side) => square(side)),
    0,
  );
  t.same(
    kept.map(([, , right]) => right),
    sides.filter((side) => side > 50),
  );
});

test('a ring of many points loses some of them', async (t) => {
  t.equal(outlineOf([staircase(10_000)], 0)[0]?.length, 20_000);
  const ring = staircase(25_000);
  const [thinned = []] = outlineOf([ring], 0);
  t.ok(thinned.length / 2 <= 10_000 && thinned.length / 2 > 8000, `${thinned.length / 2}`);
  t.same(thinned.slice(0, 4), [ring[0], ring[1], ring[6], ring[7]], 'every third');
});

test('of a small ring beside a large one, three points remain, or nothing', async (t) => {
  const rings = outlineOf([staircase(19_000), square(5), staircase(7)], 0);
  t.same(
    rings.map((ring) => ring.length / 2),
    [9500, 4],
  );
});
