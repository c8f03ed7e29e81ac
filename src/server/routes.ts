/** Plain HTTP routes: console, health, readiness, pipelines, and a JSON error for everything else. Runs on the loop. */
import type { Need, Permit } from '../auth/authorize.ts';
import { coversPipeline } from '../auth/grant.ts';
import { type HttpErrorCode, httpErrors } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { WorkerReport } from '../pool/messages.ts';
import type { Pool, PoolStatus } from '../pool/pool.ts';
import { framesPath, streamPath } from '../protocol.ts';
import { type Pages, writePage } from './pages.ts';
import { suggestPath } from './paths.ts';
import type { PlainAccess } from './plain-access.ts';
import { headersOf, rejectIfMalformed } from './request-checks.ts';
import { httpError, jsonReply, type Reply, respond } from './respond.ts';
import type { ServedPipeline } from './served-pipeline.ts';
import { guarded, type HttpRequest, type HttpResponse, type TemplatedApp } from './uws.ts';

export interface RouteOptions {
  readonly pool: Pick<Pool, 'status' | 'isDraining'>;
  readonly pipelines: readonly ServedPipeline[];
  readonly pages: Pages;
  readonly access: PlainAccess;
  /** Whether anything needs a token. */
  readonly needsToken: boolean;
  readonly log: Log;
  /** More replies by path, which need the scope `admin`; see `admin.ts`. */
  readonly admin: ReadonlyMap<string, Route>;
  /** Version of the package. */
  readonly version: string;
}

/** @param permit of a request with a token. */
export type Route = (permit: Permit | undefined) => Reply | Promise<Reply>;

/** Reveals nothing, so that every load balancer can ask. */
const healthPath = '/healthz';
const listPath = '/pipelines';
const readMethods = 'GET, HEAD';

export function registerRoutes(app: TemplatedApp, options: RouteOptions): void {
  const { pages, log, admin, access } = options;
  const routes = new Map<string, Route>([...ownRoutes(options), ...admin]);
  const needOf = (path: string): Need => ({
    scope: admin.has(path) ? 'admin' : path === listPath ? 'any' : 'none',
  });
  const replyTo = (path: string, read: boolean, permit: Permit | undefined) => {
    const route = routes.get(path);
    if (route === undefined && !pages.has(path)) return notFound(suggestPath(path, [...routes.keys(), framesPath]));
    return route !== undefined && read ? route(permit) : notAllowed();
  };
  // POST has its own handler.
  app.any(framesPath, (response, request) => {
    guarded(log, () => {
      if (rejectIfMalformed(response, request)) return;
      const other = notAllowed('POST', 'Only POST is supported here');
      sendReply(response, request, access.preflight(response, request, 'POST') ?? other);
    });
  });
  const answer = (response: HttpResponse, request: HttpRequest, path: string) => {
    // Only the stream accepts upgrades: a WebSocket client cannot use a page or status.
    if (isUpgrade(request) && path !== streamPath) return notFound(streamPath);
    const read = isRead(request);
    if (path === healthPath) return replyTo(path, read, undefined);
    return (
      access.preflight(response, request, readMethods) ??
      access.reply(response, request, needOf(path), (permit) => replyTo(path, read, permit))
    );
  };
  app.any('/*', (response, request) => {
    guarded(log, () => {
      if (rejectIfMalformed(response, request)) return;
      const path = request.getUrl();
      const page = isRead(request) && !isUpgrade(request) ? pages.get(path) : undefined;
      const refusal = page && access.pageRefusal(response, request);
      if (page !== undefined && refusal === undefined) writePage(response, request, page);
      else sendReply(response, request, refusal ?? answer(response, request, path));
    });
  });
}

function ownRoutes({ pool, pipelines, needsToken, version }: RouteOptions): [path: string, route: Route][] {
  const isShown = (permit: Permit | undefined) => !needsToken || permit?.grant.scopes.has('admin') === true;
  return [
    [healthPath, () => ok({ status: 'ok' })],
    ['/readyz', (permit) => readiness(pool.status(), pool.isDraining, isShown(permit) ? version : undefined)],
    [
      listPath,
      (permit) => {
        const covered = pipelines.filter(({ id }) => permit === undefined || coversPipeline(permit.grant, id));
        return ok({ pipelines: listed(covered, pool.status()) });
      },
    ],
    [streamPath, () => failure('upgrade_required')],
  ];
}

function sendReply(response: HttpResponse, request: HttpRequest, found: Reply | Promise<Reply>): void {
  const omitBody = request.getMethod() === 'head';
  if (!(found instanceof Promise)) {
    respond(response, { ...found, omitBody });
    return;
  }
  let isGone = false;
  response.onAborted(() => {
    isGone = true;
  });
  void found.then((reply) => {
    if (!isGone) respond(response, { ...reply, omitBody });
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

function notAllowed(methods = readMethods, detail?: string): Reply {
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
 * @param version of the package; undefined if only the state may be told.
 */
function readiness(
  { reports, pipelines, ...counts }: PoolStatus,
  draining: boolean,
  version: string | undefined,
): Reply {
  const ready = !draining && counts.ready > 0;
  const state = { ready, degraded: counts.ready < counts.size, draining };
  const setups = new Map<string, { workers: number } & WorkerReport>();
  for (const report of reports) {
    const key = JSON.stringify(report);
    setups.set(key, { workers: (setups.get(key)?.workers ?? 0) + 1, ...report });
  }
  const detail = { ...state, pool: counts, pipelines, setups: [...setups.values()], version };
  return jsonReply(
    ready ? '200 OK' : '503 Service Unavailable',
    JSON.stringify(version === undefined ? state : detail),
  );
}
