/** Plain HTTP routes: console, health, readiness, pipelines, and a JSON error for everything else. Runs on the loop. */
import { type HttpErrorCode, httpErrors, streamErrors } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { WorkerReport } from '../pool/messages.ts';
import type { Pool, PoolStatus } from '../pool/pool.ts';
import { encodeError, framesPath, streamPath } from '../protocol.ts';
import { type Pages, writePage } from './pages.ts';
import { suggestPath } from './paths.ts';
import { headersOf, rejectIfMalformed } from './request-checks.ts';
import { httpError, jsonReply, type Reply, respond } from './respond.ts';
import type { ServedPipeline } from './served-pipeline.ts';
import { guarded, type HttpRequest, type HttpResponse, type TemplatedApp } from './uws.ts';

export interface RouteOptions {
  readonly pool: Pick<Pool, 'status' | 'isDraining'>;
  readonly pipelines: readonly ServedPipeline[];
  readonly pages: Pages;
  readonly log: Log;
  /** More replies by path; see `admin.ts`. */
  readonly admin: ReadonlyMap<string, Route>;
  /** Version of the package. */
  readonly version: string;
}

export type Route = () => Reply | Promise<Reply>;

export function registerRoutes(app: TemplatedApp, { pool, pipelines, pages, log, admin, version }: RouteOptions): void {
  const routes = new Map<string, Route>([
    ['/healthz', () => ok({ status: 'ok' })],
    ['/readyz', () => readiness(pool.status(), pool.isDraining, version)],
    ['/pipelines', () => ok({ pipelines: listed(pipelines, pool.status()) })],
    [streamPath, () => failure('upgrade_required')],
    ...admin,
  ]);
  const replyTo = (path: string, read: boolean) => {
    const route = routes.get(path);
    if (route === undefined && !pages.has(path)) return notFound(suggestPath(path, [...routes.keys(), framesPath]));
    return route !== undefined && read ? route() : notAllowed();
  };
  // POST has its own handler.
  app.any(framesPath, (response, request) => {
    guarded(log, () => {
      if (!rejectIfMalformed(response, request))
        sendReply(log, response, request, notAllowed('POST', 'Only POST is supported here'));
    });
  });
  app.any('/*', (response, request) => {
    guarded(log, () => {
      if (rejectIfMalformed(response, request)) return;
      const path = request.getUrl();
      const page = pages.get(path);
      // Only the stream accepts upgrades: a WebSocket client cannot use a page or status.
      if (isUpgrade(request) && path !== streamPath) sendReply(log, response, request, notFound(streamPath));
      else if (page !== undefined && isRead(request)) writePage(response, request, page);
      else sendReply(log, response, request, replyTo(path, isRead(request)));
    });
  });
}

function sendReply(log: Log, response: HttpResponse, request: HttpRequest, found: Reply | Promise<Reply>): void {
  const omitBody = request.getMethod() === 'head';
  if (!(found instanceof Promise)) {
    respond(response, { ...found, omitBody });
    return;
  }
  let isGone = false;
  response.onAborted(() => {
    isGone = true;
  });
  const send = (reply: Reply) => {
    if (!isGone) respond(response, { ...reply, omitBody });
  };
  void found.then(send, (err: unknown) => {
    log.error({ err }, 'reply failed');
    const { detail } = streamErrors.internal_error;
    send(jsonReply('500 Internal Server Error', encodeError('internal_error', detail)));
  });
}

function isUpgrade(request: HttpRequest): boolean {
  return request.getMethod() === 'get' && request.getHeader('upgrade').toLowerCase() === 'websocket';
}

function isRead(request: HttpRequest): boolean {
  return ['get', 'head'].includes(request.getMethod());
}

function ok(value: unknown): Reply {
  return jsonReply('200 OK', JSON.stringify(value));
}

function failure(code: HttpErrorCode): Reply {
  return httpError(code, undefined, headersOf(code));
}

function notFound(suggestion: string | undefined): Reply {
  const hint = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
  return httpError('not_found', `${httpErrors.not_found.detail}${hint}`);
}

function notAllowed(methods = 'GET, HEAD', detail?: string): Reply {
  return httpError('method_not_allowed', detail, [['Allow', methods]]);
}

function listed(pipelines: readonly ServedPipeline[], status: PoolStatus): object[] {
  return pipelines.map(({ id, name, description }) => ({
    ...{ id, name, description },
    loaded: status.pipelines.includes(id),
  }));
}

/**
 * Ready means that frames can run. One worker is enough, since the others are replaced in the background; `degraded` shows that some are
 * missing. Workers with identical setup are reported once, with their number.
 */
function readiness({ reports, pipelines, ...counts }: PoolStatus, draining: boolean, version: string): Reply {
  const ready = !draining && counts.ready > 0;
  const degraded = counts.ready < counts.size;
  const setups = new Map<string, { workers: number } & WorkerReport>();
  for (const report of reports) {
    const key = JSON.stringify(report);
    setups.set(key, { workers: (setups.get(key)?.workers ?? 0) + 1, ...report });
  }
  const body = JSON.stringify({
    ready,
    degraded,
    draining,
    pool: counts,
    pipelines,
    setups: [...setups.values()],
    version,
  });
  return jsonReply(ready ? '200 OK' : '503 Service Unavailable', body);
}
