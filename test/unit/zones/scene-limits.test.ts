/** Scenes with objects that no tracker of ours would report: crowds, repeated ids, odd labels, boxes beyond the frame. */
import fc from 'fast-check';
import { test } from 'tap';
import type { Track } from '../../../src/protocol.ts';
import { maxStateBytes } from '../../../src/session-state.ts';
import { maxObjects } from '../../../src/zones/scene.ts';
import { type SceneZone, zonesSchema } from '../../../src/zones/zone-params.ts';
import { gate, Scene, track, yard } from '../../support/scene-player.ts';

/** A week after the session was opened: times are long numbers. */
const weekMs = 7 * 86_400_000 + 0.1;

test('hostile labels and crowds do not grow the state beyond its limit', async (t) => {
  const area = (i: number): SceneZone => ({ ...yard, name: `area ${i}`, dwell_ms: 1 });
  const line = (i: number): SceneZone => ({ ...gate, name: `line ${i}` });
  const zones = Array.from({ length: 64 }, (_, i) => (i < 32 ? area(i) : line(i)));
  for (const alphabet of [
    '0123456789',
    '車自転人犬猫鳥馬羊牛',
    '🚗🚕🚙🚌🚎🏎🚓🚑🚒🚐',
    '\0\x01\x02\x03\x04\x05\x06\x07\b\x0b',
  ]) {
    const scene = new Scene({ zones });
    const letters = [...alphabet];
    const labelOf = (id: number) => [...`${id}`].map((digit) => letters[Number(digit)]).join('');
    const crowd = (from: number) =>
      Array.from({ length: 500 }, (_, i) =>
        track(1e15 + from + i, 500, 490 + (from % 1000) / 10, {
          label: i < 3 ? '__proto__' : labelOf(from + i).repeat(100),
        }),
      );
    for (let round = 0; round < 20; round++) {
      scene.frame(weekMs + round * 10, ...crowd(round * 500));
      scene.frame(weekMs + round * 10 + 5, ...crowd(round * 500).map((each) => ({ ...each, y: each.y + 100 })));
    }
    t.ok(scene.stateBytes < maxStateBytes, `${scene.stateBytes} bytes`);
    const { inside, ...counted } = scene.counts['area 0'] ?? {};
    t.ok(Object.values(inside ?? {}).reduce((sum, count) => sum + count, 0) <= maxObjects);
    t.ok((counted['enter']?.['other'] ?? 0) > 0, 'labels that have no number of their own');
  }
});

test('new objects do not crowd out those that are watched, and there are never more than the limit', async (t) => {
  const scene = new Scene();
  const at = (ids: readonly number[]) => ids.map((id) => track(id, 500, 500));
  const ids = (from: number) => Array.from({ length: maxObjects }, (_, i) => from + i);
  scene.frame(0, ...at(ids(0)));
  t.same(scene.frame(100, ...at([...ids(1000), ...ids(0)])), [], 'nobody enters, and nobody leaves');
  t.match(scene.counts, { yard: { inside: { car: maxObjects } } });
  t.same(scene.frame(200, ...at([...ids(1000), ...ids(1)].slice(0, -1))).toSorted(), ['enter yard', 'leave yard']);
});

test('an object that is listed twice is one', async (t) => {
  const scene = new Scene();
  t.same(scene.frame(0, track(1, 500, 400), track(1, 500, 900)), ['enter yard']);
  t.same(scene.frame(100, track(1, 500, 400), track(2, 100, 100), track(1, 500, 410)), []);
  t.same(scene.frame(200, track(1, 500, 600), track(1, 500, 400)), ['cross gate in']);
  t.same(scene.counts, {
    yard: { inside: { car: 1 }, enter: { car: 1 }, leave: {}, dwell: {} },
    gate: { in: { car: 1 }, out: {} },
  });
});

test('labels with the names of properties that every object has are counted', async (t) => {
  const names = ['constructor', 'toString', 'hasOwnProperty', 'valueOf'];
  const scene = new Scene();
  scene.frame(0, ...names.map((label, i) => track(i, 500, 500, { label })));
  const ones = Object.fromEntries(names.map((name) => [name, 1]));
  t.strictSame(scene.counts['yard'], { inside: ones, enter: ones, leave: {}, dwell: {} });
  const proto = new Scene();
  proto.frame(0, track(1, 500, 500, { label: '__proto__' }), track(2, 500, 500, { label: '__proto__' }));
  t.match(proto.counts, { yard: { inside: { other: 2 }, enter: { other: 2 } } });
});

test('a zone may name labels that are longer than those of the counts', async (t) => {
  const label = 'a truck with a long trailer and a crane';
  const zones = zonesSchema.parse([
    {
      name: 'yard',
      area: [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ],
      labels: [label],
    },
  ]);
  const scene = new Scene({ zones });
  t.same(scene.frame(0, track(1, 500, 500, { label })), ['enter yard']);
});

test('an object whose box ends at the edge of the frame, or beyond it, is in an area that reaches there', async (t) => {
  const corners: [number, number][] = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ];
  for (const [x, y] of [
    [0, 0],
    [0, 500],
    [500, 1000],
    [1000, 1000],
    [1000, 0],
    [500, 1003],
    [-4, 500],
  ] as const) {
    const scene = new Scene({ zones: [{ name: 'all', area: corners }], margin: 0 });
    t.same(scene.frame(0, track(1, x, y)), ['enter all'], `${x}, ${y}`);
    t.same(scene.frame(100, track(1, x, y)), []);
  }
});

test('areas that touch have no point in common, and none between them', async () => {
  const half = (name: string, left: number, right: number): SceneZone => ({
    ...{
      name,
      area: [
        [left, 0],
        [right, 0],
        [right, 1],
        [left, 1],
      ],
    },
  });
  const place = fc.integer({ min: -100, max: 1100 });
  fc.assert(
    fc.property(place, place, (x, y) => {
      const scene = new Scene({ zones: [half('left', 0, 0.5), half('right', 0.5, 1)] });
      return scene.frame(0, track(1, x, y)).length === 1;
    }),
  );
});

test('an object that passes over an area and a line between two frames has crossed the line', async (t) => {
  const scene = new Scene();
  t.same(scene.frame(0, track(1, 500, 0)), []);
  t.same(scene.frame(100, track(1, 500, 1000)), ['cross gate in']);
});

test('a frame of another size shows the same places', async (t) => {
  const scene = new Scene();
  const half = (each: Track): Track => ({ ...each, x: each.x / 2, y: each.y / 4, w: each.w / 2, h: each.h / 4 });
  t.same(scene.frame(0, track(1, 500, 450)), ['enter yard']);
  t.same(scene.frameOf([500, 250], 100, [half(track(1, 500, 460))]), []);
  t.same(scene.frameOf([500, 250], 200, [half(track(1, 500, 560))]), ['cross gate in']);
});

test('property: wherever a line is, and wherever an object is seen, passing it counts once', async () => {
  const places = fc.array(fc.double({ min: -0.2, max: 0.2, noNaN: true }), { maxLength: 8 });
  const drive = fc.record({ at: fc.double({ min: 0.3, max: 0.7, noNaN: true }), places, isDown: fc.boolean() });
  fc.assert(
    fc.property(drive, ({ at, places: between, isDown }) => {
      const scene = new Scene({
        zones: [
          {
            name: 'gate',
            line: [
              [0, at],
              [1, at],
            ],
          },
        ],
      });
      // Trembles within the margin of its box of 40 pixels, from one side to the other.
      const offsets = [-200, ...between, 200].map((offset) => (isDown ? offset : -offset));
      const seen = offsets.flatMap((offset, i) => scene.frame(i * 100, track(1, 500, 1000 * at + offset)));
      return seen.length === 1 && seen[0] === `cross gate ${isDown ? 'in' : 'out'}`;
    }),
    { numRuns: 2000 },
  );
});

test('property: whatever tracks come, an object leaves as often as it has entered, and the state fits its schema', async () => {
  const number = fc.oneof(fc.integer({ min: -100, max: 1100 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
  const tracks = fc.array(
    fc.record({ id: fc.integer({ min: 1, max: 6 }), x: number, y: number, w: number, h: number, lost: fc.boolean() }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(fc.array(tracks, { maxLength: 12 }), (frames) => {
      const scene = new Scene();
      for (const [i, objects] of frames.entries())
        scene.frame(
          i * 400,
          ...objects.map(({ id, lost, ...box }) => track(id, 0, 0, { ...box, lost_ms: lost ? 100 : 0 })),
        );
      scene.frame(10_000);
      const count = (type: string) => scene.events.filter((event) => event.type === type).length;
      const { inside } = scene.counts['yard'] ?? {};
      return (
        count('enter') === count('leave') && count('dwell') <= count('enter') && Object.keys(inside ?? {}).length === 0
      );
    }),
    { numRuns: 500 },
  );
});
