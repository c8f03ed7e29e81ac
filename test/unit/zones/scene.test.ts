/** Scenes: each thing that happens is reported once, whatever frames are dropped, and counts follow events. */
import fc from 'fast-check';
import { test } from 'tap';
import { stepScene } from '../../../src/zones/scene.ts';
import { initialZoneState, type ZoneState } from '../../../src/zones/zone-state.ts';
import { gate, sceneOptions as options, Scene, track, yard } from '../../support/scene-player.ts';

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
