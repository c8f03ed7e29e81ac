/** Counts of results in any shape, and names that change with every frame. */
import fc from 'fast-check';
import { test } from 'tap';
import { cutName, SceneCountsReader } from '../../../../src/camera/publish/scene-counts.ts';

test('each zone and kind has a total and its labels', async (t) => {
  const reader = new SceneCountsReader();
  t.strictSame(reader.read({ gate: { in: { car: 3, bus: 1 }, out: {} } }), [
    { zone: 'gate', kind: 'in', total: 4, labels: { car: 3, bus: 1 }, isNew: true },
    { zone: 'gate', kind: 'out', total: 0, labels: {}, isNew: true },
  ]);
  t.match(reader.read({ gate: { in: { car: 4 } } }), [{ total: 4, isNew: false }]);
});

test('names that change with every frame are ignored after a while, and the first ones go on', async (t) => {
  const reader = new SceneCountsReader();
  for (let frame = 0; frame < 1000; frame++) reader.read({ [`zone ${frame}`]: { in: { car: frame } } });
  t.equal(reader.ignored, 1000 - 64);
  t.match(reader.read({ 'zone 3': { in: { car: 7 } }, 'zone 999': { in: { car: 1 } } }), [
    { zone: 'zone 3', total: 7 },
  ]);
});

test('a name of a megabyte is ignored, and one of a thousand characters is not', async (t) => {
  const reader = new SceneCountsReader();
  t.strictSame(reader.read({ ['x'.repeat(1_000_000)]: { in: {} }, a: { ['x'.repeat(1025)]: {} } }), []);
  t.equal(reader.ignored, 2);
  t.equal(reader.read({ ['x'.repeat(1000)]: { in: {} } }).length, 1);
});

test('labels beyond fifty are part of the total only, and long ones are cut', async (t) => {
  const labels = Object.fromEntries([...Array(200)].map((_, index) => [`${'x'.repeat(1000)}${index}`, 1]));
  const [count] = new SceneCountsReader().read({ gate: { in: labels } });
  t.equal(count?.total, 200);
  t.ok(JSON.stringify(count?.labels).length < 10_000);
});

test('counts of any shape never throw, and totals are numbers', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const { total } of new SceneCountsReader().read(value)) t.type(total, 'number');
    }),
  );
  t.match(new SceneCountsReader().read({ a: { in: { car: 'x', bus: null, van: 2 } } }), [{ total: 2 }]);
});

test('a name is cut and has no control characters', async (t) => {
  t.equal(cutName('a\0b\u202ec\n'), 'a b c ');
  t.equal(cutName('x'.repeat(1000)).length, 100);
  t.ok(cutName(`${'x'.repeat(99)}😀`).isWellFormed());
});
