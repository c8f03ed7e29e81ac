/** Routes for the operator: who is connected, and metrics. Runs on the loop. */
import type { Metrics } from '../observe/metrics.ts';
import type { EndedSessions } from '../session/ended-sessions.ts';
import { listSessions, type ReportingSession } from '../session/session-list.ts';
import { jsonReply, type Reply } from './respond.ts';

export interface AdminParts {
  /** The open sessions. */
  readonly sessions: Iterable<ReportingSession>;
  readonly ended: Pick<EndedSessions, 'list' | 'earlierOf'>;
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
}

/** Replies by path. */
export function adminRoutes({
  sessions,
  ended,
  metrics,
}: AdminParts): ReadonlyMap<string, () => Reply | Promise<Reply>> {
  return new Map<string, () => Reply | Promise<Reply>>([
    ['/sessions', () => jsonReply('200 OK', JSON.stringify(listSessions(sessions, ended, performance.now())))],
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
