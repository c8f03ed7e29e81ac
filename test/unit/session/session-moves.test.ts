/** Session ages with their jitter, and the order and spacing of the moves of a shutdown. */
import { test } from 'tap';
import { type MovableSession, SessionMoves } from '../../../src/session/session-moves.ts';
import { seededRandom } from '../../support/seeded-random.ts';

class Session implements MovableSession {
  readonly reasons: string[] = [];

  move(reason: string): void {
    this.reasons.push(reason);
  }
}

/** When each session was asked to move, in steps of 1 ms. */
function movedAt(moves: SessionMoves<Session>, sessions: readonly Session[], untilMs: number): number[] {
  const atMs = new Map<Session, number>();
  for (let nowMs = 0; nowMs <= untilMs; nowMs++) {
    moves.moveDue(nowMs);
    for (const session of sessions) if (session.reasons.length > 0 && !atMs.has(session)) atMs.set(session, nowMs);
  }
  return sessions.map((session) => atMs.get(session) ?? Number.NaN);
}

function opened(moves: SessionMoves<Session>, count: number): Session[] {
  const sessions = Array.from({ length: count }, () => new Session());
  for (const session of sessions) moves.add(session, 0);
  return sessions;
}

test('sessions that opened together are moved once each, within 10 % of the age, at different times', async (t) => {
  const moves = new SessionMoves<Session>(10_000, seededRandom(1));
  const sessions = opened(moves, 50);
  const times = movedAt(moves, sessions, 20_000);
  t.ok(times.every((ms) => ms >= 9000 && ms <= 11_000));
  t.ok(Math.min(...times) < 9300 && Math.max(...times) > 10_700, 'the whole range is used');
  t.ok(new Set(times).size > 45);
  for (const { reasons } of sessions) t.strictSame(reasons, ['session age']);
});

test('the ends of the range', async (t) => {
  for (const [random, dueMs] of [[0, 9000] as const, [0.5, 10_000] as const]) {
    const moves = new SessionMoves<Session>(10_000, () => random);
    const [session] = opened(moves, 1);
    t.equal(moves.nextDueMs, dueMs);
    moves.moveDue(dueMs - 1);
    t.strictSame(session?.reasons, []);
    moves.moveDue(dueMs);
    t.strictSame(session?.reasons, ['session age']);
    t.equal(moves.nextDueMs, Number.POSITIVE_INFINITY);
  }
});

test('without an age, nothing is moved; a session that has ended is not moved', async (t) => {
  const ageless = new SessionMoves<Session>(0);
  const [kept] = opened(ageless, 1);
  ageless.moveDue(1e12);
  t.strictSame(kept?.reasons, []);
  const moves = new SessionMoves<Session>(10_000);
  const [ended] = opened(moves, 1) as [Session];
  moves.delete(ended);
  moves.moveDue(1e12);
  t.strictSame(ended.reasons, []);
});

test('a spread moves the oldest session first, and the others evenly over the time', async (t) => {
  for (const maxAgeMs of [0, 10_000]) {
    const moves = new SessionMoves<Session>(maxAgeMs);
    const sessions = opened(moves, 5);
    moves.spread(0, 1000);
    t.strictSame(movedAt(moves, sessions, 20_000), [0, 200, 400, 600, 800]);
    for (const { reasons } of sessions) t.strictSame(reasons, ['shutdown']);
  }
});

test('a spread over no time moves all at once', async (t) => {
  const moves = new SessionMoves<Session>(0);
  const sessions = opened(moves, 3);
  moves.spread(5, 0);
  moves.moveDue(5);
  for (const { reasons } of sessions) t.strictSame(reasons, ['shutdown']);
});
