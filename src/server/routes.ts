/** The plain HTTP answers: the console, health, readiness, the pipelines, and JSON for everything else. Runs on the loop. */
import { type HttpErrorCode, httpErrors } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { Pool, PoolStatus } from '../pool/pool.ts';
import { encodeError, framesPath, streamPath } from '../protocol.ts';
import { type Pages, writePage } from './pages.ts';
import { guarded, type HttpRequest, type HttpResponse, type TemplatedApp } from './uws.ts';

/** A pipeline as people see it. */
export interface PipelineSummary {
  readonly id: string;
  readonly name: string;
  readonly description: string;
}

export interface RouteOptions {
  readonly pool: Pick<Pool, 'status'>;
  readonly pipelines: readonly PipelineSummary[];
  readonly pages: Pages;
  readonly isDraining: () => boolean;
  readonly log: Log;
}

interface Answer {
  readonly status: string;
  readonly body: string;
}

type Route = () => Answer;

const readMethods = 'GET, HEAD';

export function registerRoutes(app: TemplatedApp, { pool, pipelines, pages, isDraining, log }: RouteOptions): void {
  const routes = new Map<string, Route>([
    ['/healthz', () => ok({ status: 'ok' })],
    ['/readyz', () => readiness(pool.status(), isDraining())],
    ['/pipelines', () => ok({ pipelines: pipelines.map(({ id, name, description }) => ({ id, name, description })) })],
    [streamPath, () => failure('upgrade_required')],
  ]);
  // POST has its own handler.
  app.any(framesPath, (response, request) => {
    guarded(log, () => write(response, request.getMethod(), notAllowed('Only POST is supported here'), 'POST'));
  });
  app.any('/*', (response, request) => {
    guarded(log, () => {
      const page = pages.get(request.getUrl());
      if (page !== undefined && isRead(request)) writePage(response, request, page);
      else answer(response, request, page === undefined ? routes.get(request.getUrl()) : notAllowed);
    });
  });
}

function answer(response: HttpResponse, request: HttpRequest, route: Route | undefined): void {
  const found = route === undefined ? failure('not_found') : isRead(request) ? route() : notAllowed();
  write(response, request.getMethod(), found, readMethods);
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

function notAllowed(detail: string = httpErrors.method_not_allowed.detail): Answer {
  return { status: httpErrors.method_not_allowed.status, body: encodeError('method_not_allowed', detail) };
}

/** Ready when every worker has its models loaded and warm; then also how: decoder, models with their provider, pipelines. */
function readiness(status: PoolStatus, draining: boolean): Answer {
  const { reports, ...counters } = status;
  const ready = !draining && counters.ready === counters.size;
  const [setup] = reports;
  const body = JSON.stringify({ ready, draining, pool: counters, ...setup });
  return { status: ready ? '200 OK' : '503 Service Unavailable', body };
}
