/** Tracks, counts and zones in wrong shapes, as a custom tool may send them. */
import { test } from 'tap';
import { countsOf, maxCorners, maxTracks, maxZones, tracksOf, zonesOf } from '../../../src/web/checked-scene.ts';

const wrongValues = [undefined, null, 5, 'x', true, {}];
const track = { track_id: 1, label: 'car', x: 1, y: 2, w: 3, h: 4, vx: 5, vy: 6, age_ms: 7, lost_ms: 8 };

test('tracks without a number or a box are left out; other keys get defaults', async (t) => {
  for (const wrong of wrongValues) t.equal(tracksOf(wrong), undefined);
  const given = [track, null, 5, [], { ...track, track_id: '1' }, { ...track, track_id: 1.5 }, { ...track, w: null }];
  t.strictSame(tracksOf(given), [track]);
  const { track_id, x, y, w, h } = track;
  t.strictSame(tracksOf([{ track_id, x, y, w, h, label: 5, vx: 'fast', lost_ms: null }]), [
    { track_id, x, y, w, h, label: '', vx: 0, vy: 0, age_ms: 0, lost_ms: 0 },
  ]);
  t.equal(tracksOf(Array.from({ length: 10_000 }, () => track))?.length, maxTracks);
});

test('counts are numbers by zone, kind and label', async (t) => {
  const counts = { gate: { in: { car: 3 }, out: {} } };
  t.strictSame(countsOf(counts), counts);
  for (const wrong of [...wrongValues, ['x']]) t.strictSame(countsOf(wrong), {});
  t.strictSame(countsOf({ gate: { in: { car: '3', bus: 1 }, out: 5 }, yard: null }), { gate: { in: { bus: 1 } } });
  const many = Object.fromEntries(Array.from({ length: 9000 }, (_, index) => [`zone ${index}`, { in: { car: 1 } }]));
  t.equal(Object.keys(countsOf(many)).length, maxZones);
});

test('a zone called __proto__ is a zone like any other', async (t) => {
  const counts = countsOf(JSON.parse('{"__proto__":{"in":{"__proto__":2}}}'));
  t.strictSame(Object.keys(counts), ['__proto__']);
  t.equal(Object.getPrototypeOf(counts), Object.prototype);
});

const area = [
  [0, 0],
  [1, 0],
  [1, 1],
];

test('zones keep their other keys; what is neither an area nor a line is left out', async (t) => {
  const zones = [
    { name: 'yard', area, dwell_ms: 5000, labels: ['car'] },
    { name: 'gate', line: area.slice(1) },
  ];
  t.strictSame(zonesOf(zones), zones);
  for (const wrong of wrongValues) t.strictSame(zonesOf(wrong), []);
  const points = Array.from({ length: maxCorners + 1 }, () => [0, 0]);
  const bad = [
    null,
    {},
    { name: 5, area },
    { name: 'a', area: area.slice(1) },
    { name: 'b', line: area },
    { name: 'c', area: points },
  ];
  t.strictSame(zonesOf([...bad, { name: 'd', line: [[0, 0], null] }, { name: 'e', area: [...area, ['0', 1]] }]), []);
});
