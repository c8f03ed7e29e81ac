/** When a track is read again, what its text is, and when that is reported. */
import { test } from 'tap';
import { TextVotes, type View } from '../../../src/votes/text-votes.ts';
import { initialVotes } from '../../../src/votes/votes-state.ts';
import { openedAt, options, VotingSession as Session, view } from '../../support/voting-session.ts';

test('a text is settled by three reads that agree, and reported once', async (t) => {
  const session = new Session();
  t.match(session.frame(0, [{ id: 4, text: 'AB123' }]).textOf(4), { text: 'AB123', reads: 1, isSettled: false });
  t.match(session.frame(200, [{ id: 4, text: 'AB123' }]).textOf(4), { reads: 2, isSettled: false });
  t.same(session.events, []);
  const settled = session.frame(400, [{ id: 4, text: 'AB123' }]).textOf(4);
  t.match(settled, { text: 'AB123', reads: 3, isSettled: true });
  session.show(500, 9000, 100, { id: 4, text: 'AB123' });
  session.frame(9000, []);
  const expected = { type: 'plate', at_ms: openedAt + 400, track_id: 4, label: 'car', text: 'AB123' };
  t.match(session.events, [{ ...expected, text_reads: 3, text_settled: true }]);
  t.equal(session.events.length, 1);
  t.ok(Number(session.events[0]?.text_score) >= 0.95);
});

test('the vote is known in frames without a read', async (t) => {
  const session = new Session();
  session.frame(0, [{ id: 1, text: 'AB123' }]);
  t.match(session.frame(10, [], [1]).textOf(1), { text: 'AB123', reads: 1 });
  t.equal(session.frame(20, [], [1, 2]).textOf(2), undefined, 'another track has none');
});

test('an unsettled text is read at intervals, a settled one rarely, both by the clock', async (t) => {
  for (const stepMs of [10, 40, 100]) {
    const session = new Session();
    session.show(0, 10_001, stepMs, { id: 1, text: 'AB123' });
    const second = Math.ceil(150 / stepMs) * stepMs;
    const times = session.reads.get(1) ?? [];
    t.same(times.slice(0, 3), [0, second, 2 * second], `a frame every ${stepMs} ms`);
    const gaps = times.slice(3).map((at, index) => at - (times[index + 2] ?? 0));
    t.ok(gaps.length >= 4 && gaps.every((gap) => gap >= 2000 && gap < 2000 + stepMs), `${gaps}`);
  }
});

test('an unreadable text is read as rarely as a settled one after some reads, until its box grows', async (t) => {
  const session = new Session();
  session.show(0, 5000, 50, { id: 1, text: 'X1', certainty: 0.6 });
  t.same(session.reads.get(1), [0, 150, 300, 450, 600, 2600, 4600]);
  const larger: View = { height: 40, isCut: false };
  session.show(5000, 5500, 50, { id: 1, text: 'X1', certainty: 0.6, view: larger });
  t.same(session.reads.get(1)?.slice(7), [5000, 5150, 5300, 5450], 'at once, and with new patience');
});

test('a track that ends unsettled is reported if its text is more likely than the minimum', async (t) => {
  for (const [certainty, minScore, expected] of [
    [0.97, 0.5, 1],
    [0.97, 0.9, 0],
    [0.6, 0.5, 0],
    [0.6, 0, 1],
  ] as const) {
    const session = new Session({ minScore });
    session.frame(0, [{ id: 1, text: 'AB12', certainty }]);
    session.frame(100, [], [1]);
    t.same(session.events, [], 'not while it is only lost');
    session.frame(200, []);
    t.equal(session.events.length, expected, `certainty ${certainty}, minimum ${minScore}`);
    if (expected === 1)
      t.match(session.events, [{ label: 'car', text: 'AB12', text_settled: false, at_ms: openedAt + 200 }]);
  }
});

test('a track without letters and digits is never reported', async (t) => {
  const session = new Session({ minScore: 0, settledScore: 0.5 });
  session.show(0, 2000, 100, { id: 1, text: '--', certainty: 1 });
  session.show(2000, 4000, 100, { id: 2, text: '', certainty: 1 });
  session.frame(5000, []);
  t.same(session.events, []);
});

test('the same text of another track is not reported again while it is there, and for some time after', async (t) => {
  const session = new Session();
  session.show(0, 20_000, 100, { id: 1, text: 'AB-123' });
  session.show(20_000, 25_000, 100, { id: 2, text: 'AB 123' });
  session.show(34_000, 40_000, 100, { id: 3, text: 'AB123' });
  t.same(
    session.events.map(({ track_id: id }) => id),
    [1],
    'found again after up to ten seconds',
  );
  session.frame(40_000, []);
  session.show(50_000, 51_000, 100, { id: 4, text: 'AB123' });
  t.equal(session.events.at(-1)?.track_id, 4, 'later it is news');
  t.equal(session.events.length, 2);
});

test('long texts are the same only if all of it is', async (t) => {
  const session = new Session();
  const start = 'LANE2WESTBOUNDEXIT';
  session.show(0, 500, 100, { id: 1, text: `${start}A`, certainty: 0.999 });
  session.show(500, 1000, 100, { id: 2, text: `${start}B`, certainty: 0.999 });
  session.show(1000, 1500, 100, { id: 3, text: `${start}A`, certainty: 0.999 });
  t.same(
    session.events.map(({ track_id: id }) => id),
    [1, 2],
  );
});

test('a text at the edge of the frame does not settle, and the first whole one replaces it', async (t) => {
  const session = new Session();
  const cut: View = { height: 30, isCut: true };
  for (let at = 0; at < 1000; at += 100) session.frame(at, [{ id: 1, text: '123CD', certainty: 0.999, view: cut }]);
  session.frame(1000, [], [1]);
  t.same(session.events, []);
  const inside = { id: 1, text: 'AB123CD', certainty: 0.999, view: { height: 38, isCut: false } };
  t.equal(session.frame(1100, [inside]).textOf(1)?.text, 'AB123CD');
});

test('low boxes count less than high ones', async (t) => {
  const scoreAt = (height: number) => {
    const session = new Session();
    return session.frame(0, [{ id: 1, text: 'AB123', view: { height, isCut: false } }]).textOf(1)?.score ?? 0;
  };
  t.ok(scoreAt(6) < scoreAt(12));
  t.ok(scoreAt(12) < scoreAt(24));
  t.equal(scoreAt(24), scoreAt(200));
  t.ok(scoreAt(Number.NaN) < scoreAt(6));
});

test('a text without certainties of its characters is as sure of each as of itself', async (t) => {
  const votes = new TextVotes(
    initialVotes,
    [{ track_id: 1, label: 'car' }],
    { sessionMs: 0, elapsedMs: undefined, unixMs: 0 },
    options,
  );
  votes.add(1, { text: 'AB12', score: 0.9 }, view);
  const score = votes.textOf(1)?.score ?? 0;
  t.ok(score > 0.3 && score < 0.9 ** 4, `${score}`);
});

test('ids that are no whole numbers are no tracks', async (t) => {
  const session = new Session();
  for (const id of [Number.NaN, -1, 0.5]) t.equal(session.frame(0, [{ id, text: 'AB123' }]).has(id), false, `${id}`);
});

test('a track that is not live has no vote', async (t) => {
  const session = new Session();
  const votes = session.frame(0, [{ id: 1, text: 'AB123' }]);
  t.equal(votes.has(1), true);
  t.equal(votes.has(2), false);
  votes.add(2, { text: 'X', score: 1 }, view);
  t.equal(votes.textOf(2), undefined);
});

test('events tell the time of the frame, and two that settle in one frame are both reported', async (t) => {
  const session = new Session();
  for (const at of [0, 200, 400]) {
    session.frame(at, [
      { id: 1, text: 'AB123' },
      { id: 2, text: 'KX777' },
    ]);
  }
  t.same(
    session.events.map(({ text, at_ms: ms }) => [text, ms]),
    [
      ['AB123', openedAt + 400],
      ['KX777', openedAt + 400],
    ],
  );
});
