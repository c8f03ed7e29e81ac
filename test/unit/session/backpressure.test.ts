/** A session's state follows its recent drop rate and recovers, and slow_down is sent when due. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { Backpressure, nextState } from '../../../src/session/backpressure.ts';
import type { BackpressureState } from '../../../src/status.ts';

const thresholds = { dropThreshold: 0.1, slowdownThreshold: 0.3, dropWindowMs: 3000 };
const { dropWindowMs } = thresholds;

/** Cameras of ten frames per second, unless a test says otherwise. */
const frameMs = 100;

/** Sends frames, every `dropEvery`-th of them dropped (0: none). @returns the time after the last. */
function sendFrames(backpressure: Backpressure, fromMs: number, count: number, dropEvery: number): number {
  for (let i = 0; i < count; i++)
    backpressure.record(dropEvery > 0 && i % dropEvery === dropEvery - 1, fromMs + i * frameMs);
  return fromMs + count * frameMs;
}

test('each state follows from the one before and the rate', async (t) => {
  const cases: [BackpressureState, number, BackpressureState][] = [
    ['normal', 0, 'normal'],
    ['normal', 0.1, 'normal'],
    ['normal', 0.1001, 'warning'],
    ['normal', 0.3, 'warning'],
    ['normal', 0.3001, 'critical'],
    ['normal', 1, 'critical'],
    ['warning', 0.3001, 'critical'],
    ['warning', 0.3, 'warning'],
    ['warning', 0.081, 'warning'],
    ['warning', 0.079, 'normal'],
    ['warning', 0, 'normal'],
    ['critical', 0.3, 'critical'],
    ['critical', 0.2401, 'critical'],
    ['critical', 0.2399, 'warning'],
    ['critical', 0.081, 'warning'],
    ['critical', 0.079, 'normal'],
    ['critical', 0, 'normal'],
  ];
  for (const [state, rate, next] of cases) t.equal(nextState(state, rate, thresholds), next, `${state} at ${rate}`);
});

test('with thresholds of zero, a session without drops is normal', async (t) => {
  const zero = { ...thresholds, dropThreshold: 0, slowdownThreshold: 0 };
  for (const state of ['normal', 'warning', 'critical'] as const) {
    t.equal(nextState(state, 0, zero), 'normal', state);
    t.equal(nextState(state, 0.01, zero), 'critical', state);
  }
});

test('a threshold of one is never exceeded', async (t) => {
  t.equal(nextState('normal', 1, { ...thresholds, dropThreshold: 1, slowdownThreshold: 1 }), 'normal');
});

test('no rate is computed before the fifth frame', async (t) => {
  const backpressure = new Backpressure(thresholds);
  for (let i = 0; i < 4; i++) t.match(backpressure.record(true, i), { state: 'normal', slowDown: false });
  t.match(backpressure.record(true, 4), { before: 'normal', state: 'critical', rate: 1, slowDown: true });
});

test('a rate of exactly a threshold is not above it', async (t) => {
  const backpressure = new Backpressure(thresholds);
  const later = sendFrames(backpressure, 0, 20, 10);
  t.equal(backpressure.dropRate(later - 1), 0.1);
  t.equal(backpressure.stateAt(later - 1), 'normal');
});

test('dropping every fifth frame is a warning without slow_down', async (t) => {
  const backpressure = new Backpressure(thresholds);
  for (let i = 0; i < 60; i++) t.equal(backpressure.record(i % 5 === 4, i * frameMs).slowDown, false);
  t.equal(backpressure.stateAt(60 * frameMs), 'warning');
});

test('after overload a session returns to normal within a window', async (t) => {
  const backpressure = new Backpressure(thresholds);
  const overMs = sendFrames(backpressure, 0, 6000, 2);
  t.equal(backpressure.stateAt(overMs), 'critical');
  const states = new Set<BackpressureState>();
  for (let atMs = overMs; atMs <= overMs + dropWindowMs; atMs += frameMs) {
    states.add(backpressure.record(false, atMs).state);
  }
  t.same([...states], ['critical', 'warning', 'normal']);
  t.equal(backpressure.stateAt(overMs + dropWindowMs), 'normal');
});

test('a session that stops sending returns to normal as its window empties', async (t) => {
  const backpressure = new Backpressure(thresholds);
  const overMs = sendFrames(backpressure, 0, 60, 1);
  t.equal(backpressure.stateAt(overMs), 'critical');
  t.equal(backpressure.stateAt(overMs + dropWindowMs), 'normal');
});

test('a frame leaves the window when its step is ten steps old, and not before', async (t) => {
  const backpressure = new Backpressure(thresholds);
  for (let i = 0; i < 5; i++) backpressure.record(true, 100 + i);
  t.equal(backpressure.dropRate(2999), 1);
  t.equal(backpressure.dropRate(3000), 0);
});

test('a pause of exactly one turn of the ring buffer does not restore old frames', async (t) => {
  const backpressure = new Backpressure(thresholds);
  const overMs = sendFrames(backpressure, 0, 30, 1);
  for (const turns of [1, 2, 1000]) t.equal(backpressure.dropRate(overMs + turns * dropWindowMs), 0);
});

test('slow_down is due on entering critical and then at most once a second', async (t) => {
  const backpressure = new Backpressure(thresholds);
  const saidAtMs: number[] = [];
  for (let atMs = 0; atMs <= 5000; atMs += frameMs) {
    if (backpressure.record(true, atMs).slowDown) saidAtMs.push(atMs);
  }
  t.same(saidAtMs, [400, 1400, 2400, 3400, 4400]);
});

test('slow_down is due again when critical is entered a second time', async (t) => {
  const backpressure = new Backpressure(thresholds);
  let atMs = sendFrames(backpressure, 0, 60, 1);
  atMs = sendFrames(backpressure, atMs, 60, 0);
  t.equal(backpressure.stateAt(atMs), 'normal');
  const said: number[] = [];
  for (let i = 0; i < 15; i++) if (backpressure.record(true, atMs + i * frameMs).slowDown) said.push(i);
  t.equal(said.length, 1);
});

/** A frame is dropped or gets a result, some time after the previous one. */
const events = fc.array(fc.tuple(fc.boolean(), fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 6000 }))), {
  minLength: 1,
  maxLength: 150,
});

function timesOf(sequence: [boolean, number][]): { dropped: boolean; atMs: number }[] {
  let atMs = 0;
  return sequence.map(([dropped, gapMs]) => {
    atMs += gapMs;
    return { dropped, atMs };
  });
}

test('a window of results returns to normal, whatever came before', async () => {
  fc.assert(
    fc.property(events, (sequence) => {
      const backpressure = new Backpressure(thresholds);
      const frames = timesOf(sequence);
      for (const { dropped, atMs } of frames) backpressure.record(dropped, atMs);
      const overMs = frames.at(-1)?.atMs ?? 0;
      for (let afterMs = frameMs; afterMs <= dropWindowMs; afterMs += frameMs) {
        backpressure.record(false, overMs + afterMs);
      }
      assert.equal(backpressure.stateAt(overMs + dropWindowMs), 'normal');
    }),
  );
});

test('slow_down is only due in critical, and never twice within a second while it lasts', async () => {
  fc.assert(
    fc.property(events, (sequence) => {
      const backpressure = new Backpressure(thresholds);
      let criticalSinceLast = false;
      let saidAtMs = Number.NEGATIVE_INFINITY;
      for (const { dropped, atMs } of timesOf(sequence)) {
        const { state, slowDown } = backpressure.record(dropped, atMs);
        if (slowDown) {
          assert.equal(state, 'critical');
          assert.ok(!criticalSinceLast || atMs - saidAtMs >= 1000, `${saidAtMs} and again ${atMs}`);
          saidAtMs = atMs;
        }
        criticalSinceLast = state === 'critical' && (criticalSinceLast || slowDown);
      }
    }),
  );
});

test('the rate matches an exact count, within one step of the window', async () => {
  const stepMs = dropWindowMs / 10;
  fc.assert(
    fc.property(events, (sequence) => {
      const backpressure = new Backpressure(thresholds);
      const frames = timesOf(sequence);
      for (const [index, { dropped, atMs }] of frames.entries()) {
        backpressure.record(dropped, atMs);
        const rate = backpressure.dropRate(atMs);
        const possible = [];
        for (let fromMs = atMs - dropWindowMs; fromMs <= atMs - dropWindowMs + stepMs; fromMs++) {
          const inside = frames.slice(0, index + 1).filter((frame) => frame.atMs >= fromMs);
          possible.push(inside.length < 5 ? 0 : inside.filter((frame) => frame.dropped).length / inside.length);
        }
        assert.ok(possible.includes(rate), `${rate} at ${atMs}`);
      }
    }),
    { numRuns: 20 },
  );
});
