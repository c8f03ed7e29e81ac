/** Idle times of sessions: ending idle ones, room for new ones, and incomplete messages. */
import { test } from 'tap';
import { OpenSessions } from '../../../src/session/open-sessions.ts';

class FakeSession {
  frameIndex = 0;
  ended: string | undefined;
  readonly #sessions: OpenSessions<FakeSession>;

  constructor(sessions: OpenSessions<FakeSession>) {
    this.#sessions = sessions;
  }

  endIdle(detail: string): void {
    this.ended = detail;
    this.#sessions.delete(this);
  }
}

function opened(count: number, limits = { firstFrameTimeoutMs: 10_000, idleTimeoutMs: 60_000 }) {
  const sessions = new OpenSessions<FakeSession>(limits);
  const all = Array.from({ length: count }, () => new FakeSession(sessions));
  for (const session of all) sessions.add(session, 0);
  const send = (session: FakeSession, nowMs: number) => {
    session.frameIndex += 1;
    sessions.touch(session, nowMs);
    return sessions.count(session, nowMs);
  };
  return { sessions, send, all: all as [FakeSession, FakeSession, FakeSession] };
}

test('a session without a first frame ends sooner than one that has sent', async (t) => {
  const { sessions, send, all } = opened(3);
  send(all[1], 1000);
  sessions.endIdle(9999);
  t.equal(sessions.size, 3);
  sessions.endIdle(10_000);
  t.equal(all[0].ended, 'No frame came for 10 s');
  t.equal(all[1].ended, undefined);
  sessions.endIdle(60_999);
  t.equal(all[1].ended, undefined);
  sessions.endIdle(61_000);
  t.equal(all[1].ended, 'No frame came for 60 s');
});

test('zero means no limit', async (t) => {
  const { sessions, send, all } = opened(2, { firstFrameTimeoutMs: 0, idleTimeoutMs: 5000 });
  send(all[1], 0);
  sessions.endIdle(1_000_000);
  t.equal(all[0].ended, undefined);
  t.equal(all[1].ended, 'No frame came for 1000 s');
});

test('a session without a frame makes room after a second', async (t) => {
  const { sessions, send, all } = opened(3);
  send(all[0], 0);
  send(all[1], 0);
  t.notOk(sessions.makeRoom(999));
  t.ok(sessions.makeRoom(1000));
  t.equal(all[2].ended, 'Made room for another session after 1 s without a frame');
  t.notOk(sessions.makeRoom(1000));
});

test('the session that has been idle longest makes room, after five seconds', async (t) => {
  const { sessions, send, all } = opened(3);
  for (const session of [all[1], all[2]]) send(session, 0);
  send(all[0], 3000);
  t.notOk(sessions.makeRoom(4999));
  t.ok(sessions.makeRoom(6000));
  t.equal(all[1].ended, 'Made room for another session after 6 s without a frame');
  t.ok(sessions.makeRoom(6000));
  t.ok(all[2].ended);
  t.notOk(sessions.makeRoom(6000), 'the remaining one sent three seconds ago');
  t.equal(all[0].ended, undefined);
});

test('room is made only among the candidates', async (t) => {
  const { sessions, all } = opened(3);
  t.ok(sessions.makeRoom(6000, (session) => session === all[2]));
  t.ok(all[2].ended);
  t.notOk(sessions.makeRoom(6000, () => false));
});

test('messages are counted per window', async (t) => {
  const { send, all } = opened(1);
  t.equal(send(all[0], 100), 1);
  t.equal(send(all[0], 200), 2);
  t.equal(send(all[0], 260), 1);
});

test('an ended session is not counted', async (t) => {
  const { sessions, all } = opened(1);
  sessions.delete(all[0]);
  sessions.touch(all[0], 5);
  t.equal(sessions.count(all[0], 5), 0);
  t.equal(sessions.size, 0);
});

test('sessions that may have an incomplete message: without any, or without one for a while', async (t) => {
  const { sessions, send, all } = opened(3);
  send(all[0], 100);
  send(all[1], 1000);
  t.same(sessions.incomplete(10, 1100), [all[2], all[0]]);
  t.same(sessions.incomplete(1, 1100), [all[2]]);
});
