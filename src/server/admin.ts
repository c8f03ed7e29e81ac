/** Routes for the operator: who is connected. Runs on the loop. */
import { timestamp } from '../observe/timestamp.ts';
import type { SessionManager } from '../session/session-manager.ts';
import type { SessionsReply } from '../status.ts';
import { jsonReply, type Reply } from './respond.ts';

export interface AdminParts {
  /** The open sessions. */
  readonly sessions: Iterable<Pick<SessionManager, 'status'>>;
  readonly ended: { readonly list: SessionsReply['ended'] };
}

/** Replies by path. */
export function adminRoutes({ sessions, ended }: AdminParts): ReadonlyMap<string, () => Reply | Promise<Reply>> {
  return new Map([['/sessions', () => sessionsReply(sessions, ended.list)]]);
}

function sessionsReply(sessions: AdminParts['sessions'], ended: SessionsReply['ended']): Reply {
  const nowMs = performance.now();
  const body: SessionsReply = {
    time: timestamp(),
    sessions: Array.from(sessions, (session) => session.status(nowMs)),
    ended,
  };
  return jsonReply('200 OK', JSON.stringify(body));
}
