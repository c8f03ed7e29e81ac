/** Routes for the operator: who is connected. Runs on the loop. */
import type { EndedSessions } from '../session/ended-sessions.ts';
import { listSessions, type ReportingSession } from '../session/session-list.ts';
import { jsonReply, type Reply } from './respond.ts';

export interface AdminParts {
  /** The open sessions. */
  readonly sessions: Iterable<ReportingSession>;
  readonly ended: Pick<EndedSessions, 'list' | 'earlierOf'>;
}

/** Replies by path. */
export function adminRoutes({ sessions, ended }: AdminParts): ReadonlyMap<string, () => Reply | Promise<Reply>> {
  const reply = () => jsonReply('200 OK', JSON.stringify(listSessions(sessions, ended, performance.now())));
  return new Map([['/sessions', reply]]);
}
