/** The reply of `GET /sessions`: each session with its camera's history and its problem. Main thread. */
import { timestamp } from '../observe/timestamp.ts';
import { cameraKey, type ListedSession, type SessionsReply } from '../status.ts';
import { diagnose } from './diagnosis.ts';
import type { EndedSessions } from './ended-sessions.ts';
import type { SessionManager } from './session-manager.ts';

/** More would keep the loop busy for too long: a session takes about 10 µs and 700 bytes. */
const maxListed = 1000;

export type ReportingSession = Pick<SessionManager, 'status' | 'dropThreshold'>;

/** @param sessions those longest without a frame first. */
export function listSessions(
  sessions: Iterable<ReportingSession>,
  ended: Pick<EndedSessions, 'list' | 'earlierOf'>,
  nowMs: number,
): SessionsReply {
  const all = [...sessions];
  const listed = all.slice(0, maxListed).map((session) => ({ session, status: session.status(nowMs) }));
  const sharing = new Map<string, number>();
  for (const { status } of listed) sharing.set(cameraKey(status), (sharing.get(cameraKey(status)) ?? 0) + 1);
  return {
    time: timestamp(),
    open: all.length,
    sessions: listed.map(({ session, status }): ListedSession => {
      const isAlone = sharing.get(cameraKey(status)) === 1;
      const known = { ...status, ...(isAlone ? ended.earlierOf(status, nowMs) : {}) };
      const problem = diagnose(known, session.dropThreshold);
      return problem === undefined ? known : { ...known, problem };
    }),
    ended: ended.list,
  };
}
