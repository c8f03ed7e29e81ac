/** What holds for the pace in every run of events. */
import fc from 'fast-check';
import { test } from 'tap';
import { CongestionWindow, type SentFrame } from '../../../src/client/congestion-window.ts';

interface Step {
  readonly what: 'send' | 'result' | 'drop' | 'slow_down' | 'pass';
  readonly which: number;
  readonly ms: number;
}

/** Does what a client and a gateway might do. @returns the frames that are then in flight. */
function take(window: CongestionWindow, { what, which, ms }: Step, nowMs: number, flying: SentFrame[]): SentFrame[] {
  if (what === 'slow_down') window.slowDown(nowMs);
  if (what === 'send' && window.waitMs(nowMs) === 0) return [...flying, window.sent(nowMs)];
  const frame = flying[which % flying.length];
  if (frame === undefined || (what !== 'result' && what !== 'drop')) return flying;
  if (what === 'result') window.result(frame, nowMs, Math.min(ms, nowMs - frame.sentAtMs));
  else window.dropped(frame, nowMs);
  return flying.filter((other) => other !== frame);
}

test('whatever comes: never more in flight than asked, and never a wait without end', async (t) => {
  const step: fc.Arbitrary<Step> = fc.record({
    what: fc.constantFrom('send', 'result', 'drop', 'slow_down', 'pass'),
    which: fc.nat(20),
    ms: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3000, noNaN: true })),
  });
  const limits = fc.record({ maxInFlight: fc.integer({ min: 1, max: 10 }), maxFps: fc.integer({ min: 1, max: 120 }) });
  fc.assert(
    fc.property(limits, fc.array(step, { maxLength: 200 }), ({ maxInFlight, maxFps }, steps) => {
      const window = new CongestionWindow({ maxInFlight, maxFps });
      let flying: SentFrame[] = [];
      let nowMs = 0;
      for (const next of steps) {
        nowMs += next.ms;
        flying = take(window, next, nowMs, flying);
        const waitMs = window.waitMs(nowMs);
        const maxMs = flying.length === 0 ? 2000 / maxFps + 1000 : Number.POSITIVE_INFINITY;
        const isInBounds = waitMs >= 0 && waitMs <= maxMs && window.fps > 0 && window.fps <= maxFps;
        if (!isInBounds || window.inFlight !== flying.length || flying.length > maxInFlight) return false;
      }
      return true;
    }),
    { numRuns: 2000 },
  );
  t.pass('2000 runs');
});
