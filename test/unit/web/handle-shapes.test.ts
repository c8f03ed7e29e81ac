/** Which handles a zone has. */
import { test } from 'tap';
import type { Point } from '../../../src/client/index.ts';
import { draftHandles, handlesOf } from '../../../src/web/handle-shapes.ts';

const size = { width: 400, height: 300 };
const area: Point[] = [
  [0.1, 0.1],
  [0.5, 0.1],
  [0.5, 0.5],
];
const labelsOf = (handles: ReturnType<typeof handlesOf>) => handles.map(({ attributes }) => attributes['aria-label']);

test('an area has a handle for each corner, and one in the middle of each side', async (t) => {
  t.strictSame(labelsOf(handlesOf({ name: 'yard', area }, 2, size)), [
    'yard, point 1 of 3, at 10 % across and 10 % down',
    'yard, point 2 of 3, at 50 % across and 10 % down',
    'yard, point 3 of 3, at 50 % across and 50 % down',
    'yard, add a point after point 1',
    'yard, add a point after point 2',
    'yard, add a point after point 3',
  ]);
  t.match(handlesOf({ name: 'yard', area }, 2, size)[1]?.attributes, { 'data-corner': '2 1', role: 'button' });
});

test('short sides have none in their middle, which would cover the corners', async (t) => {
  t.equal(handlesOf({ name: 'yard', area }, 0, { width: 100, height: 75 }).length, 3);
});

test('a line has its two ends, and nothing selected has none', async (t) => {
  t.equal(
    handlesOf(
      {
        name: 'gate',
        line: [
          [0, 0],
          [1, 1],
        ],
      },
      0,
      size,
    ).length,
    2,
  );
  t.strictSame(handlesOf(undefined, 0, size), []);
});

test('the first point of a draft is emphasized when it closes the area', async (t) => {
  const classes = (canClose: boolean) => draftHandles(area, canClose).map(({ attributes }) => attributes.class);
  t.strictSame(classes(false), ['handle', 'handle', 'handle']);
  t.strictSame(classes(true), ['handle closing', 'handle', 'handle']);
});
