/** The time-averaged age of the newest result: worked examples, and a brute-force comparison. */
import fc from 'fast-check';
import { test } from 'tap';
import { NewestAge } from '../../../src/load/newest-age.ts';

test('results with 50 ms latency every 100 ms are between 50 and 150 ms old', async (t) => {
  const age = new NewestAge(0);
  age.result(-50, 0);
  for (let atMs = 100; atMs < 1000; atMs += 100) age.result(atMs - 50, atMs);
  t.strictSame(age.finish(1000), { meanMs: 100, maxMs: 150 });
});

test('without results the age counts from the start of the clock', async (t) => {
  t.strictSame(new NewestAge(500).finish(1500), { meanMs: 500, maxMs: 1000 });
});

test('a result from before the clock counts from its own send time', async (t) => {
  const age = new NewestAge(1000);
  age.result(800, 900);
  t.strictSame(age.finish(1100), { meanMs: 250, maxMs: 300 });
});

test('a result older than the newest one changes nothing', async (t) => {
  const age = new NewestAge(0);
  age.result(50, 100);
  age.result(10, 200);
  t.equal(age.finish(300).maxMs, 250);
});

test('a clock that never ran has no age', async (t) => {
  t.strictSame(new NewestAge(5).finish(5), { meanMs: 0, maxMs: 0 });
});

test('the mean equals that of sampling every millisecond', async (t) => {
  const lengthMs = 1000;
  const event = fc.record({ atMs: fc.integer({ min: 1, max: lengthMs }), latencyMs: fc.integer({ min: 0, max: 400 }) });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (unsorted) => {
      const events = unsorted.sort((a, b) => a.atMs - b.atMs);
      const age = new NewestAge(0);
      for (const { atMs, latencyMs } of events) age.result(atMs - latencyMs, atMs);
      const { meanMs, maxMs } = age.finish(lengthMs);
      let sum = 0;
      let max = 0;
      for (let ms = 0; ms < lengthMs; ms++) {
        const seen = events.filter(({ atMs }) => atMs <= ms).map(({ atMs, latencyMs }) => atMs - latencyMs);
        const newest = seen.length === 0 ? 0 : Math.max(...seen);
        // Sample in the middle of the millisecond for the mean, at its end for the maximum.
        sum += ms + 0.5 - newest;
        max = Math.max(max, ms + 1 - newest);
      }
      return Math.abs(meanMs - sum / lengthMs) < 1e-6 && maxMs === max;
    }),
  );
  t.pass();
});
