/** Invariants of the congestion window for any sequence of events. */
import fc from 'fast-check';
import { test } from 'tap';
import { CongestionWindow, type SentFrame } from '../../../src/client/congestion-window.ts';

interface Step {
  readonly what: 'send' | 'result' | 'drop' | 'slow_down' | 'pass';
  readonly which: number;
  readonly ms: number;
}

/** Applies one step of a client or a gateway. @returns the frames that are then in flight. */
function apply(window: CongestionWindow, { what, which, ms }: Step, nowMs: number, inFlight: SentFrame[]): SentFrame[] {
  if (what === 'slow_down') window.slowDown(nowMs);
  if (what === 'send' && window.waitMs(nowMs) === 0) return [...inFlight, window.sent(nowMs)];
  const frame = inFlight[which % inFlight.length];
  if (frame === undefined || (what !== 'result' && what !== 'drop')) return inFlight;
  if (what === 'result') window.result(frame, nowMs, Math.min(ms, nowMs - frame.sentAtMs));
  else window.dropped(frame, nowMs);
  return inFlight.filter((other) => other !== frame);
}

test('maxInFlight is never exceeded, and no wait is endless', async (t) => {
  const step: fc.Arbitrary<Step> = fc.record({
    what: fc.constantFrom('send', 'result', 'drop', 'slow_down', 'pass'),
    which: fc.nat(20),
    ms: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3000, noNaN: true })),
  });
  const limits = fc.record({ maxInFlight: fc.integer({ min: 1, max: 10 }), maxFps: fc.integer({ min: 1, max: 120 }) });
  fc.assert(
    fc.property(limits, fc.array(step, { maxLength: 200 }), ({ maxInFlight, maxFps }, steps) => {
      const window = new CongestionWindow({ maxInFlight, maxFps });
      let inFlight: SentFrame[] = [];
      let nowMs = 0;
      for (const next of steps) {
        nowMs += next.ms;
        inFlight = apply(window, next, nowMs, inFlight);
        const waitMs = window.waitMs(nowMs);
        const maxMs = inFlight.length === 0 ? 2000 / maxFps + 1000 : Number.POSITIVE_INFINITY;
        const isInBounds = waitMs >= 0 && waitMs <= maxMs && window.fps > 0 && window.fps <= maxFps;
        if (!isInBounds || window.inFlight !== inFlight.length || inFlight.length > maxInFlight) return false;
      }
      return true;
    }),
    { numRuns: 2000 },
  );
  t.pass('2000 runs');
});
