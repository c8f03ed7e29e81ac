/** The reply of `GET /sessions`: each session with its camera's history and its problem. Main thread. */
import { timestamp } from '../observe/timestamp.ts';
import { cameraKey, type ListedSession, type SessionsReply } from '../status.ts';
import { diagnose, workersNeeded } from './diagnosis.ts';
import type { EndedSessions } from './ended-sessions.ts';
import type { RefusedCameras } from './refused-cameras.ts';
import type { SessionManager } from './session-manager.ts';

/** More would keep the loop busy for too long: a session takes about 10 µs and 700 bytes. */
const maxListed = 1000;

export type ReportingSession = Pick<SessionManager, 'status' | 'dropThreshold'>;

export interface SessionSources {
  /** The open sessions, those longest without a frame first. */
  readonly sessions: Iterable<ReportingSession>;
  readonly ended: Pick<EndedSessions, 'list' | 'earlierOf'>;
  readonly refused: Pick<RefusedCameras, 'list'>;
  /** Workers that are ready or busy. */
  readonly workers: () => number;
}

export function listSessions({ sessions, ended, refused, workers }: SessionSources, nowMs: number): SessionsReply {
  const all = [...sessions];
  const listed = all.slice(0, maxListed).map((session) => ({ session, status: session.status(nowMs) }));
  const needed = listed.reduce((sum, { status }) => sum + workersNeeded(status), 0);
  const load = { needed, workers: workers() };
  const sharing = new Map<string, number>();
  for (const { status } of listed) sharing.set(cameraKey(status), (sharing.get(cameraKey(status)) ?? 0) + 1);
  return {
    time: timestamp(),
    open: all.length,
    sessions: listed.map(({ session, status }): ListedSession => {
      const isAlone = sharing.get(cameraKey(status)) === 1;
      const known = { ...status, ...(isAlone ? ended.earlierOf(status, nowMs) : {}) };
      const problem = diagnose(known, session.dropThreshold, load);
      return problem === undefined ? known : { ...known, problem };
    }),
    ended: ended.list,
    refused: refused.list(nowMs),
  };
}
