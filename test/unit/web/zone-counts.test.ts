/** Counts of zones as texts. */
import { test } from 'tap';
import type { Zone } from '../../../src/client/index.ts';
import { pictureText, zoneCounts } from '../../../src/web/zone-counts.ts';

const zones: readonly Zone[] = [
  {
    name: 'yard',
    area: [
      [0, 0],
      [1, 0],
      [1, 1],
    ],
  },
  {
    name: 'gate',
    line: [
      [0, 0],
      [1, 1],
    ],
  },
];
const shown = (counts: Parameters<typeof zoneCounts>[1]) =>
  zoneCounts(zones, counts).map(({ name, rows }) => [
    name,
    ...rows.map((row) => `${row.name} ${row.total} ${row.byLabel}`.trim()),
  ]);

test('zones are in the order of the pipeline, with zero where nothing was counted', async (t) => {
  t.strictSame(shown({}), [
    ['yard', 'inside now 0', 'entered 0', 'left 0'],
    ['gate', 'in 0', 'out 0'],
  ]);
  t.strictSame(
    shown({
      gate: { in: { car: 3, bus: 5, van: 0 }, out: {} },
      yard: { inside: { car: 1 }, enter: { car: 4 }, leave: { car: 3 }, dwell: { car: 2 } },
    }),
    [
      ['yard', 'inside now 1 car 1', 'entered 4 car 4', 'left 3 car 3', 'dwelled 2 car 2'],
      ['gate', 'in 8 bus 5, car 3', 'out 0'],
    ],
  );
});

test('kinds and zones that only the result has come last', async (t) => {
  t.strictSame(shown({ gate: { parked: { car: 1 } }, spot: { free: { any: 2 } } }).slice(1), [
    ['gate', 'in 0', 'out 0', 'parked 1 car 1'],
    ['spot', 'free 2 any 2'],
  ]);
});

test('many labels are added up', async (t) => {
  const labels = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`c${index}`, 9 - index]));
  const [, gate] = zoneCounts(zones, { gate: { in: labels } });
  t.strictSame(gate?.rows[0], {
    kind: 'in',
    name: 'in',
    total: 45,
    byLabel: 'c0 9, c1 8, c2 7, c3 6, c4 5, c5 4, others 6',
  });
});

test('next to the name are the objects in an area, and what has crossed a line', async (t) => {
  const counts = { yard: { inside: { car: 2, bus: 1 }, enter: { car: 9 } }, gate: { in: { car: 5 }, out: {} } };
  t.strictSame(zoneCounts(zones, counts).map(pictureText), ['yard · 3', 'gate · in 5, out 0']);
  const [long] = zoneCounts(
    [
      {
        name: 'x'.repeat(500),
        line: [
          [0, 0],
          [1, 1],
        ],
      },
    ],
    {},
  );
  t.equal(long && pictureText(long), `${'x'.repeat(40)}… · in 0, out 0`);
  t.strictSame(zoneCounts([], { spot: { free: { any: 2 } } }).map(pictureText), ['spot']);
});
