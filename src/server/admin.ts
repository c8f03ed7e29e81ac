/** Routes for the operator: who is connected, and metrics. Runs on the loop. */
import type { Metrics } from '../observe/metrics.ts';
import { listSessions, type SessionSources } from '../session/session-list.ts';
import { jsonReply, type Reply } from './respond.ts';

export interface AdminParts extends SessionSources {
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
}

/** Replies by path. */
export function adminRoutes({ metrics, ...sources }: AdminParts): ReadonlyMap<string, () => Reply | Promise<Reply>> {
  return new Map<string, () => Reply | Promise<Reply>>([
    ['/sessions', () => jsonReply('200 OK', JSON.stringify(listSessions(sources, performance.now())))],
    metricsRoute(metrics),
  ]);
}

/** Path and reply of the metrics. */
export function metricsRoute(metrics: AdminParts['metrics']): [path: string, route: () => Promise<Reply>] {
  return ['/metrics', () => metricsReply(metrics)];
}

async function metricsReply(metrics: AdminParts['metrics']): Promise<Reply> {
  const headers = [
    ['Content-Type', metrics.contentType],
    ['Cache-Control', 'no-store'],
  ] as const;
  return { status: '200 OK', headers, body: await metrics.text() };
}
