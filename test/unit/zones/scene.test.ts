/** Scenes: each thing that happens is reported once, whatever frames are dropped, and counts follow events. */
import fc from 'fast-check';
import { test } from 'tap';
import type { SceneCounts, SceneEvent, Track } from '../../../src/protocol.ts';
import { maxStateBytes } from '../../../src/session-state.ts';
import { maxObjects, type SceneOptions, stepScene } from '../../../src/zones/scene.ts';
import type { SceneZone } from '../../../src/zones/zone-params.ts';
import { initialZoneState, type ZoneState, zoneStateSchema } from '../../../src/zones/zone-state.ts';

const yard: SceneZone = {
  name: 'yard',
  area: [
    [0.2, 0.2],
    [0.8, 0.2],
    [0.8, 0.8],
    [0.2, 0.8],
  ],
  dwell_ms: 1000,
};
const gate: SceneZone = {
  name: 'gate',
  line: [
    [0, 0.5],
    [1, 0.5],
  ],
};
const options: SceneOptions = { zones: [yard, gate], anchor: 'center', margin: 0.1 };

const track = (track_id: number, x: number, y: number, more: Partial<Track> = {}): Track => ({
  ...{ track_id, label: 'car', x: x - 20, y: y - 20, w: 40, h: 40, vx: 0, vy: 0, age_ms: 0, lost_ms: 0 },
  ...more,
});

/** Plays frames of 1000 × 1000 pixels, as the gateway does: the state is text in between. */
class Scene {
  readonly events: SceneEvent[] = [];
  readonly #options: SceneOptions;
  #state = JSON.stringify(initialZoneState);
  counts = {};
  stateLength = 0;

  constructor(changes: Partial<SceneOptions> = {}) {
    this.#options = { ...options, ...changes };
  }

  frame(sessionMs: number, ...tracks: readonly Track[]): readonly string[] {
    const clock = { sessionMs, elapsedMs: undefined, unixMs: 1_700_000_000_000 + sessionMs };
    const frame = { tracks, width: 1000, height: 1000, clock, textOf: () => ({}) };
    const step = stepScene(JSON.parse(this.#state) as ZoneState, frame, this.#options);
    zoneStateSchema.parse(step.state);
    this.#state = JSON.stringify(step.state);
    this.stateLength = this.#state.length;
    this.counts = step.counts;
    this.events.push(...step.events);
    return step.events.map(({ type, zone, direction }) => [type, zone, direction].filter(Boolean).join(' '));
  }
}

test('an object that drives through: enter, dwell, cross, leave, each once', async (t) => {
  const scene = new Scene();
  t.same(scene.frame(0, track(1, 500, 100)), []);
  t.same(scene.frame(100, track(1, 500, 250)), ['enter yard']);
  t.same(scene.frame(600, track(1, 500, 300)), []);
  t.same(scene.frame(1200, track(1, 500, 400)), ['dwell yard']);
  t.same(scene.frame(2400, track(1, 500, 600)), ['cross gate in']);
  t.same(scene.frame(2500, track(1, 500, 900)), ['leave yard']);
  t.match(scene.events.at(-1), { track_id: 1, label: 'car', stayed_ms: 2400, at_ms: 1_700_000_002_500 });
  t.same(scene.counts, {
    yard: { inside: {}, enter: { car: 1 }, leave: { car: 1 }, dwell: { car: 1 } },
    gate: { in: { car: 1 }, out: {} },
  });
});

test('who is inside is counted by label', async (t) => {
  const scene = new Scene();
  scene.frame(0, track(1, 300, 300), track(2, 400, 300), track(3, 500, 300, { label: 'bus' }));
  t.match(scene.counts, { yard: { inside: { car: 2, bus: 1 } } });
});

test('while an object is not detected, it stays where it was; when it is gone, it has left', async (t) => {
  const scene = new Scene();
  scene.frame(0, track(1, 300, 300));
  t.same(scene.frame(100, track(1, 900, 900, { lost_ms: 100 })), [], 'a guess is no evidence');
  t.same(scene.frame(200), ['leave yard']);
  t.same(scene.frame(300), []);
});

test('an object that trembles on the outline enters once', async (t) => {
  const scene = new Scene();
  for (let i = 0; i < 50; i++) scene.frame(i * 100, track(1, 200 + (i % 2 === 0 ? 2 : -2), 300));
  t.same(
    scene.events.map(({ type }) => type),
    ['enter', 'dwell'],
  );
});

test('labels select objects, and the first label of an object counts', async (t) => {
  const scene = new Scene({
    zones: [
      { ...yard, labels: ['bus'] },
      { ...gate, labels: ['bus'] },
    ],
  });
  t.same(scene.frame(0, track(1, 500, 400), track(2, 500, 400, { label: 'bus' })), ['enter yard']);
  t.same(scene.frame(100, track(1, 500, 600, { label: 'bus' }), track(2, 500, 600)), ['cross gate in']);
});

test('the bottom of a box stands for the object unless its center is chosen', async (t) => {
  t.same(new Scene({ anchor: 'bottom' }).frame(0, track(1, 500, 190)), ['enter yard']);
  t.same(new Scene().frame(0, track(1, 500, 190)), []);
});

test('the text of a track is in its events', async (t) => {
  const frame = {
    tracks: [track(1, 500, 500)],
    width: 1000,
    height: 1000,
    textOf: () => ({ text: 'AB1', text_score: 0.9 }),
  };
  const { events } = stepScene(
    initialZoneState,
    { ...frame, clock: { sessionMs: 0, elapsedMs: undefined, unixMs: 7 } },
    options,
  );
  t.match(events, [{ type: 'enter', text: 'AB1', text_score: 0.9 }]);
});

test('a new zone in a state without it begins at 0', async (t) => {
  const state: ZoneState = { objects: [[1, 'car', 0.5, 0.4, '', []]], counts: [] };
  const frame = { tracks: [track(1, 500, 600)], width: 1000, height: 1000, textOf: () => ({}) };
  const step = stepScene(state, { ...frame, clock: { sessionMs: 0, elapsedMs: 1, unixMs: 7 } }, options);
  t.same(
    step.events.map(({ type }) => type),
    ['enter'],
    'the line has not seen it before',
  );
});

test('hostile labels and crowds do not grow the state beyond its limit', async (t) => {
  const area = (i: number): SceneZone => ({ ...yard, name: `area ${i}`, dwell_ms: 1 });
  const line = (i: number): SceneZone => ({ ...gate, name: `line ${i}` });
  const zones = Array.from({ length: 64 }, (_, i) => (i < 32 ? area(i) : line(i)));
  const scene = new Scene({ zones });
  const crowd = (from: number) =>
    Array.from({ length: 500 }, (_, i) =>
      track(from + i, 500, 490 + (from % 1000) / 10, { label: i < 3 ? '__proto__' : `${from + i}`.repeat(100) }),
    );
  for (let round = 0; round < 20; round++) {
    scene.frame(round * 10, ...crowd(round * 500));
    scene.frame(round * 10 + 5, ...crowd(round * 500).map((each) => ({ ...each, y: each.y + 100 })));
  }
  t.ok(scene.stateLength < maxStateBytes, `${scene.stateLength} characters`);
  const { inside, ...counted } = (scene.counts as SceneCounts)['area 0'] ?? {};
  t.ok(Object.values(inside ?? {}).reduce((sum, count) => sum + count, 0) <= maxObjects);
  t.ok((counted['enter']?.['other'] ?? 0) > 0, 'labels that have no number of their own');
});

test('property: for any drops, an object that passes is counted once, and enters as often as it leaves', async () => {
  const drive = fc.record({
    start: fc.integer({ min: 0, max: 400 }),
    isDown: fc.boolean(),
    drops: fc.infiniteStream(fc.integer({ min: 0, max: 3 })),
    jitter: fc.infiniteStream(fc.integer({ min: -3, max: 3 })),
  });
  fc.assert(
    fc.property(drive, ({ start, isDown, drops, jitter }) => {
      const scene = new Scene();
      for (let y = start; y < 1000 + 40; y += 12 * (1 + (drops.next().value ?? 0))) {
        const place = y + (jitter.next().value ?? 0);
        scene.frame(y, track(1, 500, isDown ? place : 1000 - place));
      }
      scene.frame(5000);
      const count = (type: string) => scene.events.filter((event) => event.type === type).length;
      return (
        count('cross') === 1 &&
        scene.events.find(({ type }) => type === 'cross')?.direction === (isDown ? 'in' : 'out') &&
        count('enter') === 1 &&
        count('leave') === 1
      );
    }),
  );
});
