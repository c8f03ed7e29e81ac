/** The soak's checks: session ledgers, the order of failures, and memory growth. */
import { test } from 'tap';
import { addTotals, Ledger, noTotals } from '../../../bench/soak/ledger.ts';
import { shuffledRounds } from '../../../bench/soak/plan.ts';
import { afterWarmUp, growthPerHour } from '../../../bench/soak/trend.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const result = (index: number) => `{"frame_index":${index},"result":{}}`;
const dropped = (index: number) => `{"frame_index":${index},"dropped":true}`;

/** The ledger of a session with `frames` sent frames and these messages. */
function ledgerWith(frames: number, ...messages: readonly string[]): Ledger {
  const ledger = new Ledger();
  for (let frame = 0; frame < frames; frame++) ledger.sent();
  for (const message of messages) ledger.received(message);
  return ledger;
}

test('one result or dropped per index is consistent', (t) => {
  const ledger = ledgerWith(3, dropped(1), result(0), '{"warning":"slow_down"}', result(2));
  t.equal(ledger.pending, 0);
  ledger.end({ by: 'camera' });
  t.strictSame(ledger.problems, []);
  t.strictSame(ledger.totals, { sent: 3, results: 2, dropped: 1, ended: 0, unanswered: 0 });
  t.end();
});

test('only a result returns its index', (t) => {
  const ledger = ledgerWith(2);
  t.equal(ledger.received(dropped(0)), undefined);
  t.equal(ledger.received(result(1)), 1);
  t.end();
});

for (const [what, ledger, problem] of [
  ['a second reply', ledgerWith(1, result(0), dropped(0)), 'second reply to 0'],
  ['a reply to a frame that was never sent', ledgerWith(1, result(1)), 'reply to 1, which was never sent'],
  ['an invalid index', ledgerWith(1, '{"frame_index":"0","result":{}}'), 'reply to 0, which was never sent'],
  ['results out of order', ledgerWith(2, result(1), result(0)), 'result of 0 after that of 1'],
  ['no key', ledgerWith(1, '{}'), 'message not in the protocol: {}'],
  ['two keys', ledgerWith(1, '{"warning":"slow_down","error":"x"}'), /not in the protocol/],
  ['invalid JSON', ledgerWith(1, 'hello'), 'message not in the protocol: hello'],
  ['JSON that is not an object', ledgerWith(1, 'null'), 'message not in the protocol: null'],
  [
    'a message after an error',
    ledgerWith(1, '{"error":"server_busy"}', result(0)),
    /message after the error server_busy/,
  ],
] as const) {
  test(`${what} is a problem`, (t) => {
    t.equal(ledger.problems.length, 1);
    t.match(ledger.problems[0], problem);
    t.end();
  });
}

test('dropped may arrive before an older result', (t) => {
  t.strictSame(ledgerWith(2, dropped(1), result(0)).problems, []);
  t.end();
});

test('an index without a reply is unanswered when the camera disconnects', (t) => {
  const ledger = ledgerWith(2, result(0));
  ledger.end({ by: 'camera' });
  t.strictSame(ledger.problems, ['no reply to 1']);
  t.match(ledger.totals, { results: 1, unanswered: 1, ended: 0 });
  t.end();
});

for (const [what, messages, code, mayBeLost, isKnown] of [
  ['an error with its close code', ['{"error":"pipeline_failure","detail":""}'], 1011, false, true],
  ['close code 1001', [], 1001, false, true],
  ['a killed gateway', [], 1006, true, true],
  ['a lost connection', [], 1006, false, false],
  ['a close without an error', [], 1011, true, false],
] as const) {
  test(`${what} ${isKnown ? 'accounts' : 'does not account'} for frames in flight`, (t) => {
    const ledger = ledgerWith(2, result(0), ...messages);
    ledger.end({ by: 'gateway', code }, mayBeLost);
    t.match(ledger.totals, isKnown ? { ended: 1, unanswered: 0 } : { ended: 0, unanswered: 1 });
    t.equal(ledger.problems.length > 0, !isKnown);
    t.end();
  });
}

test('the close code must match the error', (t) => {
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

test('each round has every failure once, in the same order for the same seed', (t) => {
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

test('growth is the slope of the least-squares line per hour, relative to the mean', (t) => {
  const points = [0, 1, 2, 3].map((hours) => ({ hours, bytes: 100 + 10 * hours }));
  t.equal(growthPerHour(points)?.toFixed(6), (10 / 115).toFixed(6));
  t.equal(growthPerHour(points.map(({ hours }) => ({ hours, bytes: 7 }))), 0);
  t.equal(growthPerHour(points.slice(0, 2)), undefined);
  t.end();
});

test('the warm-up is half an hour, or a quarter of a shorter run', (t) => {
  const at = (...hours: readonly number[]) => hours.map((each) => ({ hours: each }));
  t.strictSame(afterWarmUp(at(0.1, 0.49, 0.5, 1.9), 2), at(0.5, 1.9));
  t.strictSame(afterWarmUp(at(0.1, 0.2, 0.3), 0.8), at(0.2, 0.3));
  t.end();
});
