/** The active session with the smallest charge. */
import { test } from 'tap';
import { ActiveSessions, type Activity } from '../../../src/pool/active-sessions.ts';
import { SessionShare } from '../../../src/pool/session-share.ts';

function activityOf(active: ActiveSessions, chargedMs: number, nowMs: number): Activity {
  const share = new SessionShare();
  share.arrived(nowMs);
  share.charge(chargedMs, nowMs);
  return active.add(share);
}

test('the active session with the smallest charge is found', async (t) => {
  const active = new ActiveSessions();
  t.equal(active.leastCharged(0), undefined);
  const [more, less] = [activityOf(active, 20, 0), activityOf(active, 10, 0)];
  t.equal(active.leastCharged(1), less.share);
  active.remove(less);
  t.equal(active.leastCharged(2), more.share);
});

test('a greater charge is noticed by itself, a smaller one when it is told', async (t) => {
  const active = new ActiveSessions();
  const [more, less] = [activityOf(active, 20, 0), activityOf(active, 10, 0)];
  less.share.charge(15, 1);
  t.equal(active.leastCharged(2), more.share);
  less.share.charge(-10, 2);
  active.charged(less);
  t.equal(active.leastCharged(3), less.share);
});

test('a session that stops sending is forgotten, and found again after its next frame', async (t) => {
  const active = new ActiveSessions();
  const [quiet, busy] = [activityOf(active, 1, 0), activityOf(active, 20, 900)];
  t.equal(active.leastCharged(1000), quiet.share, 'a session is active for a second');
  t.equal(active.leastCharged(1001), busy.share);
  active.charged(quiet);
  quiet.share.arrived(1002);
  active.arrived(quiet);
  t.equal(active.leastCharged(1003), quiet.share);
  t.equal(active.leastCharged(60_000), undefined);
});
