/** The round trip is measured with one ping at a time. */
import { test } from 'tap';
import { RoundTrip } from '../../../src/session/round-trip.ts';

test('the first ping is due after one second, the next one five seconds after the answer', async (t) => {
  const roundTrip = new RoundTrip(0);
  t.equal(roundTrip.takeDue(999), undefined);
  t.equal(roundTrip.takeDue(1000), '1');
  t.equal(roundTrip.takeDue(6000), undefined, 'the first one is not answered yet');
  roundTrip.answered('1', 6020);
  t.equal(roundTrip.takeDue(11_019), undefined);
  t.equal(roundTrip.takeDue(11_020), '2');
});

test('the value is the last round trip, or how long an unanswered ping has been on its way', async (t) => {
  const roundTrip = new RoundTrip(-1000);
  t.equal(roundTrip.valueAt(0), undefined);
  roundTrip.takeDue(0);
  t.equal(roundTrip.valueAt(100), undefined);
  roundTrip.answered('1', 30);
  t.equal(roundTrip.valueAt(4000), 30);
  roundTrip.takeDue(5030);
  t.equal(roundTrip.valueAt(5040), 30);
  t.equal(roundTrip.valueAt(9030), 4000);
});

test('a pong that answers no ping of ours is ignored', async (t) => {
  const roundTrip = new RoundTrip(-1000);
  roundTrip.answered('1', 10);
  t.equal(roundTrip.takeDue(20), '1');
  roundTrip.answered('7', 30);
  t.equal(roundTrip.valueAt(40), undefined);
  roundTrip.answered('1', 50);
  roundTrip.answered('1', 90);
  t.equal(roundTrip.valueAt(100), 30);
});

test('the status has the median and the maximum of the last six, and the age of an unanswered ping', async (t) => {
  const roundTrip = new RoundTrip(0);
  t.strictSame(roundTrip.status(0), {});
  let nowMs = 0;
  for (const tripMs of [900, 10, 20, 30, 40, 50, 60]) {
    const payload = roundTrip.takeDue(nowMs) ?? '';
    roundTrip.answered(payload, nowMs + tripMs);
    nowMs += tripMs + 5000;
  }
  t.strictSame(roundTrip.status(nowMs), { round_trip_median_ms: 30, round_trip_max_ms: 60 });
  roundTrip.takeDue(nowMs);
  t.notOk('unanswered_ping_s' in roundTrip.status(nowMs + 999));
  t.equal(roundTrip.status(nowMs + 2000).unanswered_ping_s, 2);
});
