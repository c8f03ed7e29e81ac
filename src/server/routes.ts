/** The plain HTTP answers: the console, health, readiness, the pipelines, and JSON for everything else. Runs on the loop. */
import { type HttpErrorCode, httpErrors } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { WorkerReport } from '../pool/messages.ts';
import type { Pool, PoolStatus } from '../pool/pool.ts';
import { encodeError, framesPath, streamPath } from '../protocol.ts';
import { type Pages, writePage } from './pages.ts';
import { findMeantPath } from './paths.ts';
import type { ServedPipeline } from './served-pipeline.ts';
import { guarded, type HttpRequest, type HttpResponse, type TemplatedApp } from './uws.ts';

export interface RouteOptions {
  readonly pool: Pick<Pool, 'status' | 'isDraining'>;
  readonly pipelines: readonly ServedPipeline[];
  readonly pages: Pages;
  readonly log: Log;
}

interface Answer {
  readonly status: string;
  readonly body: string;
}

type Route = () => Answer;

const readMethods = 'GET, HEAD';

export function registerRoutes(app: TemplatedApp, { pool, pipelines, pages, log }: RouteOptions): void {
  const routes = new Map<string, Route>([
    ['/healthz', () => ok({ status: 'ok' })],
    ['/readyz', () => readiness(pool.status(), pool.isDraining)],
    ['/pipelines', () => ok({ pipelines: listed(pipelines, pool.status()) })],
    [streamPath, () => failure('upgrade_required')],
  ]);
  const answerTo = (path: string, read: boolean) => {
    const route = routes.get(path);
    if (route === undefined && !pages.has(path)) return notFound(findMeantPath(path, [...routes.keys(), framesPath]));
    return route !== undefined && read ? route() : notAllowed();
  };
  // POST has its own handler.
  app.any(framesPath, (response, request) => {
    guarded(log, () => write(response, request.getMethod(), notAllowed('Only POST is supported here'), 'POST'));
  });
  app.any('/*', (response, request) => {
    guarded(log, () => {
      const path = request.getUrl();
      const page = pages.get(path);
      // Only the stream takes upgrades: a page or a status would tell a WebSocket client nothing.
      if (isUpgrade(request) && path !== streamPath) answer(response, request, notFound(streamPath));
      else if (page !== undefined && isRead(request)) writePage(response, request, page);
      else answer(response, request, answerTo(path, isRead(request)));
    });
  });
}

function answer(response: HttpResponse, request: HttpRequest, found: Answer): void {
  write(response, request.getMethod(), found, readMethods);
}

function isUpgrade(request: HttpRequest): boolean {
  return request.getMethod() === 'get' && request.getHeader('upgrade').toLowerCase() === 'websocket';
}

function isRead(request: HttpRequest): boolean {
  return ['get', 'head'].includes(request.getMethod());
}

function write(response: HttpResponse, method: string, { status, body }: Answer, allowed: string): void {
  response.cork(() => {
    response.writeStatus(status).writeHeader('Content-Type', 'application/json; charset=utf-8');
    response.writeHeader('Cache-Control', 'no-store');
    if (status === httpErrors.method_not_allowed.status) response.writeHeader('Allow', allowed);
    // `endWithoutBody` leaves the response open, and uWebSockets.js aborts the process for it; an empty body does not.
    response.end(method === 'head' ? '' : body);
  });
}

function ok(value: unknown): Answer {
  return { status: '200 OK', body: JSON.stringify(value) };
}

function failure(code: HttpErrorCode): Answer {
  return { status: httpErrors[code].status, body: encodeError(code, httpErrors[code].detail) };
}

function notFound(meant: string | undefined): Answer {
  const { status, detail } = httpErrors.not_found;
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  return { status, body: encodeError('not_found', `${detail}${hint}`) };
}

function notAllowed(detail: string = httpErrors.method_not_allowed.detail): Answer {
  return { status: httpErrors.method_not_allowed.status, body: encodeError('method_not_allowed', detail) };
}

function listed(pipelines: readonly ServedPipeline[], status: PoolStatus): object[] {
  return pipelines.map(({ id, name, description }) => ({
    ...{ id, name, description },
    loaded: status.pipelines.includes(id),
  }));
}

/**
 * Ready when frames can run: one worker is enough, since the others are replaced while it goes on. `degraded` tells when some are missing.
 * Workers that have set themselves up alike are told once, with their number.
 */
function readiness({ reports, pipelines, ...counts }: PoolStatus, draining: boolean): Answer {
  const ready = !draining && counts.ready > 0;
  const degraded = counts.ready < counts.size;
  const setups = new Map<string, { workers: number } & WorkerReport>();
  for (const report of reports) {
    const key = JSON.stringify(report);
    setups.set(key, { workers: (setups.get(key)?.workers ?? 0) + 1, ...report });
  }
  const body = JSON.stringify({ ready, degraded, draining, pool: counts, pipelines, setups: [...setups.values()] });
  return { status: ready ? '200 OK' : '503 Service Unavailable', body };
}
