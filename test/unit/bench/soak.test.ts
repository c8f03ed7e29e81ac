/** The soak's own judgement: which accounts close, which faults come, and what counts as growth. */
import { test } from 'tap';
import { addTotals, Ledger, noTotals } from '../../../bench/soak/ledger.ts';
import { shuffledRounds } from '../../../bench/soak/plan.ts';
import { afterWarmUp, growthPerHour } from '../../../bench/soak/trend.ts';
import { seededRandom } from '../../../src/samples/seeded-random.ts';

const result = (index: number) => `{"frame_index":${index},"result":{}}`;
const dropped = (index: number) => `{"frame_index":${index},"dropped":true}`;

/** A session of so many frames for which these messages came. */
function ledgerWith(frames: number, ...messages: readonly string[]): Ledger {
  const ledger = new Ledger();
  for (let frame = 0; frame < frames; frame++) ledger.sent();
  for (const message of messages) ledger.received(message);
  return ledger;
}

test('one result or dropped for each index closes the account', (t) => {
  const ledger = ledgerWith(3, dropped(1), result(0), '{"warning":"slow_down"}', result(2));
  t.equal(ledger.pending, 0);
  ledger.end({ by: 'camera' });
  t.strictSame(ledger.problems, []);
  t.strictSame(ledger.totals, { sent: 3, results: 2, dropped: 1, ended: 0, unanswered: 0 });
  t.end();
});

test('a result names its index, nothing else does', (t) => {
  const ledger = ledgerWith(2);
  t.equal(ledger.received(dropped(0)), undefined);
  t.equal(ledger.received(result(1)), 1);
  t.end();
});

for (const [what, ledger, problem] of [
  ['a second answer', ledgerWith(1, result(0), dropped(0)), 'a second answer to 0'],
  ['an answer to what was never sent', ledgerWith(1, result(1)), 'an answer to 1, which was never sent'],
  ['an index that is none', ledgerWith(1, '{"frame_index":"0","result":{}}'), 'an answer to 0, which was never sent'],
  ['results out of order', ledgerWith(2, result(1), result(0)), 'the result of 0 after that of 1'],
  ['no key', ledgerWith(1, '{}'), 'a message outside the contract: {}'],
  ['two keys', ledgerWith(1, '{"warning":"slow_down","error":"x"}'), /outside the contract/],
  ['what is not JSON', ledgerWith(1, 'hello'), 'a message outside the contract: hello'],
  ['what is no object', ledgerWith(1, 'null'), 'a message outside the contract: null'],
  ['more after an error', ledgerWith(1, '{"error":"server_busy"}', result(0)), /a message after the error server_busy/],
] as const) {
  test(`${what} is a problem`, (t) => {
    t.equal(ledger.problems.length, 1);
    t.match(ledger.problems[0], problem);
    t.end();
  });
}

test('dropped may come before an older result', (t) => {
  t.strictSame(ledgerWith(2, dropped(1), result(0)).problems, []);
  t.end();
});

test('an index without an answer is unanswered when the camera leaves', (t) => {
  const ledger = ledgerWith(2, result(0));
  ledger.end({ by: 'camera' });
  t.strictSame(ledger.problems, ['no answer to 1']);
  t.match(ledger.totals, { results: 1, unanswered: 1, ended: 0 });
  t.end();
});

for (const [what, messages, code, mayBeLost, isKnown] of [
  ['an error and its code', ['{"error":"pipeline_failure","detail":""}'], 1011, false, true],
  ['a gateway that goes away', [], 1001, false, true],
  ['a gateway that was killed', [], 1006, true, true],
  ['a connection that is lost', [], 1006, false, false],
  ['a close without a reason', [], 1011, true, false],
] as const) {
  test(`${what} ${isKnown ? 'accounts' : 'does not account'} for what was in flight`, (t) => {
    const ledger = ledgerWith(2, result(0), ...messages);
    ledger.end({ by: 'gateway', code }, mayBeLost);
    t.match(ledger.totals, isKnown ? { ended: 1, unanswered: 0 } : { ended: 0, unanswered: 1 });
    t.equal(ledger.problems.length > 0, !isKnown);
    t.end();
  });
}

test('the code of a close must be that of its error', (t) => {
  const ledger = ledgerWith(1, '{"error":"invalid_frame","detail":""}');
  ledger.end({ by: 'gateway', code: 1011 });
  t.strictSame(ledger.problems, ['closed with 1011 after invalid_frame']);
  t.end();
});

test('totals add up', (t) => {
  const totals = { ...noTotals };
  for (let session = 0; session < 2; session++) {
    const ledger = ledgerWith(3, result(0), dropped(1));
    ledger.end({ by: 'camera' });
    addTotals(totals, ledger.totals);
  }
  t.strictSame(totals, { sent: 6, results: 2, dropped: 2, ended: 0, unanswered: 2 });
  t.end();
});

test('each round has every fault once, in the same order for the same seed', (t) => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const rounds = (seed: number) => {
    const next = shuffledRounds(names, seededRandom(seed));
    return Array.from({ length: 3 }, () => names.map(() => next.next().value));
  };
  for (const round of rounds(1)) t.strictSame([...round].sort(), names);
  t.strictSame(rounds(1), rounds(1));
  t.notSame(rounds(1), rounds(2));
  t.end();
});

test('growth is the slope of the line of least squares, in parts of the mean an hour', (t) => {
  const points = [0, 1, 2, 3].map((hours) => ({ hours, bytes: 100 + 10 * hours }));
  t.equal(growthPerHour(points)?.toFixed(6), (10 / 115).toFixed(6));
  t.equal(growthPerHour(points.map(({ hours }) => ({ hours, bytes: 7 }))), 0);
  t.equal(growthPerHour(points.slice(0, 2)), undefined);
  t.end();
});

test('the first half hour does not count, of short runs the first quarter', (t) => {
  const at = (...hours: readonly number[]) => hours.map((each) => ({ hours: each }));
  t.strictSame(afterWarmUp(at(0.1, 0.49, 0.5, 1.9), 2), at(0.5, 1.9));
  t.strictSame(afterWarmUp(at(0.1, 0.2, 0.3), 0.8), at(0.2, 0.3));
  t.end();
});
