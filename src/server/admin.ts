/** Routes for the operator: who is connected, and metrics. Runs on the loop. */
import type { Metrics } from '../observe/metrics.ts';
import { timestamp } from '../observe/timestamp.ts';
import type { SessionManager } from '../session/session-manager.ts';
import type { SessionsReply } from '../status.ts';
import { jsonReply, type Reply } from './respond.ts';

export interface AdminParts {
  /** The open sessions. */
  readonly sessions: Iterable<Pick<SessionManager, 'status'>>;
  readonly ended: { readonly list: SessionsReply['ended'] };
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
}

/** Replies by path. */
export function adminRoutes({
  sessions,
  ended,
  metrics,
}: AdminParts): ReadonlyMap<string, () => Reply | Promise<Reply>> {
  return new Map<string, () => Reply | Promise<Reply>>([
    ['/sessions', () => sessionsReply(sessions, ended.list)],
    ['/metrics', () => metricsReply(metrics)],
  ]);
}

async function metricsReply(metrics: AdminParts['metrics']): Promise<Reply> {
  const headers = [
    ['Content-Type', metrics.contentType],
    ['Cache-Control', 'no-store'],
  ] as const;
  return { status: '200 OK', headers, body: await metrics.text() };
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
