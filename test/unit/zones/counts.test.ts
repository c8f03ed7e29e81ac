/** Counts by kind and label, whatever the labels are. */
import { test } from 'tap';
import { countEvent, countLabels, type ZoneCounts } from '../../../src/zones/counts.ts';

test('each kind and label has its own number', async (t) => {
  const counts: ZoneCounts = {};
  for (const [kind, label] of [
    ['in', 'car'],
    ['in', 'car'],
    ['out', 'car'],
    ['in', 'bus'],
  ] as const)
    countEvent([counts], counts, kind, label);
  t.strictSame(counts, { in: { car: 2, bus: 1 }, out: { car: 1 } });
});

test('beyond the limit of all zones, new labels count as other, and known ones go on', async (t) => {
  const [full, counts]: [ZoneCounts, ZoneCounts] = [{}, {}];
  countEvent([full, counts], counts, 'in', 'car');
  for (let i = 0; i < 600; i++) countEvent([full, counts], full, 'in', `label ${i}`);
  for (const label of ['car', 'bus', 'van']) countEvent([full, counts], counts, 'in', label);
  t.strictSame(counts, { in: { car: 2, other: 2 } });
  t.equal(
    Object.values(full['in'] ?? {}).reduce((sum, count) => sum + count, 0),
    600,
    'none is lost',
  );
  t.equal(full['in']?.['other'], 101);
});

test('labels that are names of properties are counted', async (t) => {
  t.strictSame(countLabels(['constructor', 'toString', 'constructor', '__proto__']), {
    constructor: 2,
    toString: 1,
    other: 1,
  });
});
