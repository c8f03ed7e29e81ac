/** What holds for fair share whatever comes and goes. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import type { FairShare } from '../../../src/pool/fair-share.ts';
import { openShares, send } from '../../support/camera-simulation.ts';

const workers = 3;
const names = ['a', 'b', 'c', 'd'];
const event = fc.record({ gapMs: fc.nat({ max: 200 }), name: fc.constantFrom(...names), finish: fc.boolean() });

interface Job {
  readonly name: string;
  readonly sinceMs: number;
}

function heldBy(name: string, working: readonly Job[]): number {
  return working.filter((job) => job.name === name).length;
}

/** Sends one frame. @returns the jobs at work afterwards. */
function sendOne(shares: FairShare, name: string, nowMs: number, working: readonly Job[]): Job[] {
  const free = workers - working.length;
  if (send(shares, name, nowMs, free, workers) !== 'accepted') return [...working];
  assert.ok(free > 0 && heldBy(name, working) < workers);
  return [...working, { name, sinceMs: nowMs }];
}

/** Ends the oldest job. @returns the others. */
function finishOne(shares: FairShare, nowMs: number, [done, ...others]: readonly Job[]): Job[] {
  if (done !== undefined) shares.answered(done.name, nowMs - done.sinceMs);
  return others;
}

test('whatever comes and goes, counters agree and no limit is passed', async () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const shares = openShares(...names);
      let working: Job[] = [];
      let nowMs = 0;
      for (const { gapMs, name, finish } of events) {
        nowMs += gapMs;
        working = finish ? finishOne(shares, nowMs, working) : sendOne(shares, name, nowMs, working);
        for (const each of names) assert.equal(shares.inFlightOf(each), heldBy(each, working));
        assert.equal(shares.inFlight, working.length);
      }
    }),
  );
});

test('a camera alone is never refused while a worker is free, at whatever times it sends', async () => {
  const steps = fc.array(fc.record({ gapMs: fc.nat({ max: 5000 }), finish: fc.boolean() }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (sequence) => {
      const shares = openShares('alone', 'open but silent');
      let nowMs = 0;
      let busy = 0;
      for (const { gapMs, finish } of sequence) {
        nowMs += gapMs;
        if (finish && busy > 0) {
          shares.answered('alone', gapMs);
          busy -= 1;
        }
        const verdict = send(shares, 'alone', nowMs, workers - busy, workers);
        assert.equal(verdict, busy < workers ? 'accepted' : 'pool_full');
        if (verdict === 'accepted') busy += 1;
      }
    }),
  );
});

test('as long as a worker is free, no session waits more than a few turns', async () => {
  const cameras = fc.array(fc.integer({ min: 10, max: 500 }), { minLength: 2, maxLength: 4 });
  fc.assert(
    fc.property(cameras, fc.integer({ min: 1, max: 400 }), (intervals, serviceMs) => {
      const shares = openShares(...names);
      const arrivals = intervals
        .flatMap((every, camera) => Array.from({ length: 100 }, (_, i) => ({ atMs: i * every + camera, camera })))
        .filter(({ atMs }) => atMs < 100 * Math.min(...intervals))
        .sort((a, b) => a.atMs - b.atMs);
      const yielded = intervals.map(() => 0);
      for (const { atMs, camera } of arrivals) {
        const name = names[camera] as string;
        const verdict = send(shares, name, atMs, 1, 1);
        yielded[camera] = verdict === 'yielded' ? (yielded[camera] as number) + 1 : 0;
        if (verdict === 'accepted') shares.answered(name, serviceMs);
        const slowest = Math.max(...intervals);
        const turns = intervals.length * Math.ceil(slowest / (intervals[camera] as number));
        assert.ok((yielded[camera] as number) <= turns, `camera ${camera} yielded ${yielded[camera]} times`);
      }
    }),
  );
});
