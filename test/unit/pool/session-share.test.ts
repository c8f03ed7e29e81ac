/** Scheduling state of a session: interval, activity, charge. */
import { test } from 'tap';
import { SessionShare } from '../../../src/pool/session-share.ts';

function shareWith(...arrivalsMs: number[]): SessionShare {
  const share = new SessionShare();
  for (const atMs of arrivalsMs) share.arrived(atMs);
  return share;
}

test('an interval is known after three frames', async (t) => {
  t.equal(shareWith().intervalMs, Number.POSITIVE_INFINITY);
  t.equal(shareWith(5).intervalMs, Number.POSITIVE_INFINITY);
  t.equal(shareWith(5, 6).intervalMs, Number.POSITIVE_INFINITY);
  t.equal(shareWith(5, 45, 85).intervalMs, 40);
});

test('the interval of a camera at a fixed rate is exact, and approximate with jitter', async (t) => {
  t.equal(shareWith(0, 40, 80, 120).intervalMs, 40);
  const jittering = shareWith(...Array.from({ length: 100 }, (_, i) => 40 * i + (i % 2) * 10));
  t.ok(jittering.intervalMs > 35 && jittering.intervalMs <= 50, `${jittering.intervalMs}`);
});

test('the interval rises faster than it falls: a burst does not make a camera fast', async (t) => {
  const bursts = Array.from({ length: 20 }, (_, i) => [300 * i, 300 * i + 1, 300 * i + 2]).flat();
  t.ok(shareWith(...bursts).intervalMs > 100);
});

test('a session is active for a second after a frame, or for three of its intervals', async (t) => {
  t.equal(shareWith().activeUntilMs, Number.NEGATIVE_INFINITY);
  t.equal(shareWith(0, 40).activeUntilMs, 1040);
  t.equal(shareWith(0, 1000).activeUntilMs, 4000);
  t.equal(shareWith(0, 100, 3_600_000).activeUntilMs, 3_610_000, 'ten seconds at most, however long a pause was');
});

test('worker time is charged, corrected, and decays', async (t) => {
  const share = shareWith(0);
  t.equal(share.chargeMs(0), 0);
  share.charge(20, 0);
  t.equal(share.chargeMs(0), 20);
  share.charge(-5, 0);
  t.equal(share.chargeMs(0), 15);
  const later = share.chargeMs(5000);
  t.ok(later < 15 / 2 && later > 15 / 3, `${later}`);
  share.charge(-100, 5000);
  t.equal(share.chargeMs(5000), 0, 'never below 0');
});

test('decay keeps the order', async (t) => {
  const [less, more] = [shareWith(0), shareWith(0)];
  less.charge(10, 0);
  more.charge(10, 50);
  t.ok(less.chargeMs(60) < more.chargeMs(60));
  t.ok(less.chargeMs(9000) < more.chargeMs(9000));
});

test('the order of charges stays the same while they decay', async (t) => {
  const [none, less, more] = [shareWith(0), shareWith(0), shareWith(0)];
  less.charge(10, 0);
  more.charge(10, 50);
  t.equal(none.chargeOrder, Number.NEGATIVE_INFINITY);
  t.ok(less.chargeOrder < more.chargeOrder);
  less.charge(10, 60);
  t.ok(less.chargeOrder > more.chargeOrder);
  less.charge(-100, 60);
  t.equal(less.chargeOrder, Number.NEGATIVE_INFINITY);
});

test('charges that differ only by rounding have the same order, even after a year', async (t) => {
  const yearMs = 365 * 86_400_000;
  const [plain, corrected] = [shareWith(yearMs), shareWith(yearMs)];
  plain.charge(15, yearMs);
  corrected.charge(14.7, yearMs);
  corrected.charge(0.2, yearMs);
  corrected.charge(0.1, yearMs);
  t.equal(plain.chargeOrder, corrected.chargeOrder);
  corrected.charge(0.001, yearMs);
  t.ok(plain.chargeOrder < corrected.chargeOrder);
});

test('a session can start with the charge of another', async (t) => {
  const [joining, other] = [shareWith(90), shareWith(0)];
  other.charge(25, 0);
  joining.matchCharge(other);
  t.equal(joining.chargeOrder, other.chargeOrder);
  t.equal(joining.chargeMs(100), other.chargeMs(100));
});
