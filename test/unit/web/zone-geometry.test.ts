/** Places of zones, arrows and names on the picture. */
import { test } from 'tap';
import type { Point } from '../../../src/client/index.ts';
import {
  arrowLength,
  arrowOf,
  middlesOf,
  namePlace,
  nearestPoint,
  sidesCross,
} from '../../../src/web/zone-geometry.ts';

const size = { width: 200, height: 100 };
const text = { width: 40, height: 18 };
const round = (points: readonly Point[]) => points.map(([x, y]) => [Math.round(x) + 0, Math.round(y) + 0]);

test('the arrow of a line points from left to right, as seen from its first point toward its second', async (t) => {
  // Who looks to the right of the picture has its lower part on the right.
  const east = arrowOf(
    [
      [0, 0.5],
      [1, 0.5],
    ],
    size,
  );
  t.strictSame(round([east.shaft[0], east.head[0] as Point]), [
    [100, 50],
    [100, 50 + arrowLength],
  ]);
  const west = arrowOf(
    [
      [1, 0.5],
      [0, 0.5],
    ],
    size,
  );
  t.strictSame(round(west.head.slice(0, 1)), [[100, 50 - arrowLength]]);
  // Who looks down has the left part of the picture on the right.
  const south = arrowOf(
    [
      [0.5, 0],
      [0.5, 1],
    ],
    size,
  );
  t.strictSame(round(south.head.slice(0, 1)), [[100 - arrowLength, 50]]);
});

test('a line that has no length has an arrow nevertheless', async (t) => {
  const { head } = arrowOf(
    [
      [0.5, 0.5],
      [0.5, 0.5],
    ],
    size,
  );
  for (const place of head.flat()) t.ok(Number.isFinite(place));
});

test('the name of an area is inside at its upper left, and never outside of the picture', async (t) => {
  const area: Point[] = [
    [0.9, 0.9],
    [0.2, 0.9],
    [0.2, 0.3],
    [0.9, 0.3],
  ];
  t.strictSame(namePlace({ name: 'a', area }, size, text), [40 + 8 + 20, 30 + 8 + 9]);
  t.strictSame(
    namePlace(
      {
        name: 'a',
        area: [
          [0.99, 0.99],
          [1, 0.99],
          [1, 1],
        ],
      },
      size,
      text,
    ),
    [180, 91],
  );
});

test('the name of a line is behind its arrow, or beyond an end if there is no room', async (t) => {
  t.strictSame(
    round([
      namePlace(
        {
          name: 'a',
          line: [
            [0.5, 0.2],
            [0.5, 0.8],
          ],
        },
        size,
        text,
      ),
    ]),
    [[100 + 14 + 20, 50]],
  );
  const right: [Point, Point] = [
    [0.85, 0.3],
    [0.85, 0.9],
  ];
  t.strictSame(round([namePlace({ name: 'a', line: right }, size, text)]), [[170, 30 - 14]]);
  const fromEdge: [Point, Point] = [
    [0.85, 0],
    [0.85, 0.6],
  ];
  t.strictSame(round([namePlace({ name: 'a', line: fromEdge }, size, text)]), [[170, 60 + 14]]);
  const through: [Point, Point] = [
    [0.85, 0],
    [0.85, 1],
  ];
  t.strictSame(namePlace({ name: 'a', line: through }, size, text), [180, 50], 'over the line if there is none');
});

test('the nearest point within reach', async (t) => {
  const points: Point[] = [
    [0, 0],
    [10, 0],
    [30, 0],
  ];
  t.equal(nearestPoint(points, [12, 1], 5), 1);
  t.equal(nearestPoint(points, [20, 0], 5), undefined);
  t.equal(nearestPoint([], [0, 0], 5), undefined);
});

test('the middles of the sides', async (t) => {
  t.strictSame(
    middlesOf([
      [0, 0],
      [10, 0],
      [10, 20],
    ]),
    [
      [5, 0],
      [10, 10],
      [5, 10],
    ],
  );
});

test('sides that cross', async (t) => {
  const square: Point[] = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ];
  t.equal(sidesCross(square), false);
  t.equal(
    sidesCross([
      [0, 0],
      [1, 1],
      [1, 0],
      [0, 1],
    ]),
    true,
  );
  t.equal(
    sidesCross([
      [0, 0],
      [1, 0],
      [0.5, 1],
    ]),
    false,
  );
  t.equal(
    sidesCross([
      [0, 0],
      [0.5, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ]),
    false,
    'a corner on a straight side',
  );
  t.equal(
    sidesCross([
      [0, 0],
      [1, 0],
      [1, 1],
      [0.5, 0],
      [0, 1],
    ]),
    true,
    'a corner that touches another side',
  );
});
