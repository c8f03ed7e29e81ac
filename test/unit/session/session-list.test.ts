/** The list of sessions: what is known of a camera's earlier sessions, problems, and the limit. */
import { test } from 'tap';
import { listSessions, type ReportingSession } from '../../../src/session/session-list.ts';
import { openMockSession } from '../../support/mock-session.ts';
import { openSession, refusedCamera } from '../../support/session-statuses.ts';

const last = { code: 'invalid_frame', detail: 'Not a valid JPEG image', seconds_ago: 3 } as const;
const ended = { list: [], earlierOf: () => ({ reconnects: 2, cuts: 0, last_error: last }) };

function named(camera: string): ReportingSession {
  const { session } = openMockSession();
  return { dropThreshold: 0.1, status: (nowMs) => ({ ...session.status(nowMs), camera }) };
}

const of = (sessions: readonly ReportingSession[]) => ({
  ...{ sessions, ended, refused: { list: () => [refusedCamera()] } },
  workers: () => 2,
});

test('a session has its camera’s history and problem', async (t) => {
  const { open, sessions } = listSessions(of([named('gate')]), performance.now());
  t.equal(open, 1);
  t.match(sessions, [{ camera: 'gate', reconnects: 2, last_error: last, problem: { code: 'bad_frames' } }]);
});

test('sessions of the same name, address and pipeline have none: it could be any one’s', async (t) => {
  const { sessions } = listSessions(of([named('gate'), named('gate'), named('yard')]), performance.now());
  t.strictSame(
    sessions.map((session) => 'last_error' in session),
    [false, false, true],
  );
});

test('at most 1000 are listed, and all are counted', async (t) => {
  const session = named('gate');
  const { open, sessions } = listSessions(of(Array<ReportingSession>(1001).fill(session)), performance.now());
  t.equal(open, 1001);
  t.equal(sessions.length, 1000);
});

test('a camera whose frames are dropped is compared with what all sessions need', async (t) => {
  const crowd = Array.from({ length: 6 }, (_, index): ReportingSession => {
    const load = { service_ms: 40, frames_per_s: 25, recent_frames: Array<number>(30).fill(25) };
    const drops = { recent_drop_reasons: { busy: 100 } };
    return { dropThreshold: 0.1, status: () => openSession({ camera: `gate-${index}`, ...load, ...drops }) };
  });
  const quiet = { ...of(crowd), ended: { list: [], earlierOf: () => ({ reconnects: 0, cuts: 0 }) } };
  const { sessions, refused } = listSessions(quiet, performance.now());
  t.match(sessions[0]?.problem, { code: 'gateway_busy', text: /All sessions together need 6; ready: 2\.$/ });
  t.match(refused, [{ camera: 'gate-4', problem: { code: 'refused' } }]);
});
