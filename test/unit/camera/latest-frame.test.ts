/** Holds one frame, the latest, never a stale one, and releases every buffer once. */
import fc from 'fast-check';
import { test } from 'tap';
import type { CapturedFrame } from '../../../src/camera/captured-frame.ts';
import { LatestFrame, maxFrameAgeMs } from '../../../src/camera/latest-frame.ts';
import { RateLimit } from '../../../src/camera/rate-limit.ts';

const at = (atMs: number): CapturedFrame => ({ kind: 'jpeg', bytes: Buffer.alloc(1), atMs });

test('a newer frame replaces a waiting one', async (t) => {
  const replaced: CapturedFrame[] = [];
  const latest = new LatestFrame((frame) => replaced.push(frame));
  const [first, second] = [at(1), at(2)];
  latest.put(first);
  latest.put(second);
  t.strictSame(replaced, [first]);
  t.equal(latest.take(3), second);
  t.equal(latest.take(3), undefined);
});

test('a stale frame, or one captured before an interruption, is not returned', async (t) => {
  const latest = new LatestFrame(() => undefined);
  latest.put(at(0));
  t.equal(latest.take(maxFrameAgeMs + 1), undefined);
  const taken = at(10);
  latest.put(taken);
  t.equal(latest.take(10), taken);
  t.equal(latest.isFresh(taken, 20), true);
  latest.put(at(15));
  latest.discardCaptured(20);
  t.equal(latest.take(21), undefined);
  t.equal(latest.isFresh(taken, 21), false, 'neither is one that is being encoded');
});

test('it waits for a frame, and ends when there are no more', async (t) => {
  const latest = new LatestFrame(() => undefined);
  const first = latest.available();
  latest.put(at(1));
  t.equal(await first, true);
  latest.end();
  t.equal(await latest.available(), true, 'the last one is still there');
  latest.take(2);
  t.equal(await latest.available(), false);
});

test('each frame is either taken or released, once', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('put', 'take', 'late', 'cut')), (steps) => {
      const back: CapturedFrame[] = [];
      const latest = new LatestFrame((frame) => back.push(frame));
      let puts = 0;
      steps.forEach((step, nowMs) => {
        if (step === 'put') latest.put(at(nowMs + ++puts / 1000));
        else if (step === 'cut') latest.discardCaptured(nowMs);
        else
          back.push(
            ...[latest.take(step === 'late' ? nowMs + 2 * maxFrameAgeMs : nowMs)].filter(
              (taken) => taken !== undefined,
            ),
          );
      });
      latest.discardCaptured(Number.MAX_VALUE);
      return back.length === puts && new Set(back).size === puts;
    }),
  );
  t.pass();
});

test('a rate limit skips frames of an uneven camera evenly', async (t) => {
  const limit = new RateLimit(10);
  let taken = 0;
  for (let frame = 0; frame < 300; frame++) if (limit.allows(frame * 33.4 + (frame % 3))) taken += 1;
  t.ok(Math.abs(taken - 100) <= 3, `${taken} of 300 at 30 fps`);
  t.equal(limit.allows(60_000), true);
  t.equal(limit.allows(60_001), false, 'no burst after a pause');
  const exact = new RateLimit(30);
  let all = 0;
  for (let frame = 0; frame < 300; frame++) if (exact.allows(frame * 33.333 + (frame % 2 ? 2 : -2))) all += 1;
  t.equal(all, 300, 'a camera with exactly that rate keeps its frames');
  t.equal(new RateLimit(undefined).allows(0), true);
});
