/** The list of sessions: what is known of a camera's earlier sessions, problems, and the limit. */
import { test } from 'tap';
import { listSessions, type ReportingSession } from '../../../src/session/session-list.ts';
import { openMockSession } from '../../support/mock-session.ts';

const last = { code: 'invalid_frame', detail: 'Not a valid JPEG image', seconds_ago: 3 } as const;
const ended = { list: [], earlierOf: () => ({ reconnects: 2, cuts: 0, last_error: last }) };

function named(camera: string): ReportingSession {
  const { session } = openMockSession();
  return { dropThreshold: 0.1, status: (nowMs) => ({ ...session.status(nowMs), camera }) };
}

test('a session has its camera’s history and problem', async (t) => {
  const { open, sessions } = listSessions([named('gate')], ended, performance.now());
  t.equal(open, 1);
  t.match(sessions, [{ camera: 'gate', reconnects: 2, last_error: last, problem: { code: 'bad_frames' } }]);
});

test('sessions of the same name, address and pipeline have none: it could be any one’s', async (t) => {
  const { sessions } = listSessions([named('gate'), named('gate'), named('yard')], ended, performance.now());
  t.strictSame(
    sessions.map((session) => 'last_error' in session),
    [false, false, true],
  );
});

test('at most 1000 are listed, and all are counted', async (t) => {
  const session = named('gate');
  const { open, sessions } = listSessions(Array<ReportingSession>(1001).fill(session), ended, performance.now());
  t.equal(open, 1001);
  t.equal(sessions.length, 1000);
});
