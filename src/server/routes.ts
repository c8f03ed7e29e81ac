/** Plain HTTP routes of a listener: console, health, readiness, pipelines, and a JSON error for everything else. Runs on the loop. */
import type { Need, Permit } from '../auth/authorize.ts';
import { coversPipeline } from '../auth/grant.ts';
import { type HttpErrorCode, httpErrors, streamErrors } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { Pool } from '../pool/pool.ts';
import type { PoolStatus } from '../pool/pool-status.ts';
import { encodeError, framesPath, streamPath } from '../protocol.ts';
import { type Pages, writePage } from './pages.ts';
import { suggestPath } from './paths.ts';
import type { PlainAccess } from './plain-access.ts';
import { type Lifecycle, readiness } from './readiness.ts';
import { headersOf, rejectIfMalformed } from './request-checks.ts';
import { httpError, jsonReply, type Reply, respond } from './respond.ts';
import type { ServedPipeline, ServedPipelines } from './served-pipeline.ts';
import { guarded, type HttpRequest, type HttpResponse, type TemplatedApp } from './uws.ts';

/** What a listener serves: everything, or what is for clients and for the operator on a listener each. */
export type ListenerRole = 'all' | 'client' | 'admin';

export interface RouteOptions {
  readonly role: ListenerRole;
  readonly pool: Pick<Pool, 'status'>;
  readonly pipelines: ServedPipelines;
  readonly pages: Pages;
  readonly access: PlainAccess;
  /** Whether anything needs a token. */
  readonly needsToken: boolean;
  readonly log: Log;
  /** Replies for the operator by path, which need the scope `admin`; see `admin.ts`. */
  readonly admin: ReadonlyMap<string, Route>;
  readonly lifecycle: Lifecycle;
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
  const { role, pages, log, admin, access } = options;
  const takesFrames = role !== 'admin';
  const routes = routesOf(options);
  const known = [...routes.keys(), ...(takesFrames ? [framesPath] : [])];
  const needOf = (path: string): Need => ({
    scope: admin.has(path) && routes.has(path) ? 'admin' : path === listPath ? 'any' : 'none',
  });
  const replyTo = (path: string, read: boolean, permit: Permit | undefined) => {
    const route = routes.get(path);
    if (route === undefined && !pages.has(path)) return notFound(suggestPath(path, known));
    return route !== undefined && read ? route(permit) : notAllowed();
  };
  // POST has its own handler where frames are accepted.
  app.any(framesPath, (response, request) => {
    guarded(log, () => {
      if (rejectIfMalformed(response, request)) return;
      const other = () =>
        access.preflight(response, request, 'POST') ?? notAllowed('POST', 'Only POST is supported here');
      sendReply(log, response, request, takesFrames ? other() : noFrames);
    });
  });
  const answer = (response: HttpResponse, request: HttpRequest, path: string) => {
    const noStream = noStreamAt(path, request, takesFrames);
    if (noStream !== undefined) return noStream;
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
      else sendReply(log, response, request, refusal ?? answer(response, request, path));
    });
  });
}

/** The replies to GET of a listener. */
function routesOf(options: RouteOptions): ReadonlyMap<string, Route> {
  const { role, pool, pipelines, admin, lifecycle, needsToken, version } = options;
  const seesAll = (permit: Permit | undefined) =>
    role !== 'client' && (!needsToken || permit?.grant.scopes.has('admin') === true);
  const routes = new Map<string, Route>([
    [healthPath, () => ok({ status: 'ok' })],
    ['/readyz', (permit) => readiness(pool.status(), lifecycle, seesAll(permit) ? version : undefined)],
    [
      listPath,
      (permit) => {
        const all = [...pipelines.values()];
        const covered = all.filter(({ id }) => permit === undefined || coversPipeline(permit.grant, id));
        return ok({ pipelines: listed(covered, pool.status()) });
      },
    ],
  ]);
  if (role !== 'admin') routes.set(streamPath, () => failure('upgrade_required'));
  return role === 'client' ? routes : new Map([...routes, ...admin]);
}

/** Reply of the admin listener to whoever sends frames to it. The body is not read, so the connection is closed. */
const noFrames: Reply = {
  ...httpError('not_found', `${httpErrors.not_found.detail}; this port is for administration and takes no frames`),
  closeConnection: true,
};

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
    log.error('unexpected_error', { err }, 'reply failed');
    const { detail } = streamErrors.internal_error;
    send(jsonReply('500 Internal Server Error', encodeError('internal_error', detail)));
  });
}

/** Only the stream accepts upgrades: a WebSocket client cannot use a page or status. */
function noStreamAt(path: string, request: HttpRequest, takesFrames: boolean): Reply | undefined {
  if (!takesFrames) return isUpgrade(request) || path === streamPath ? noFrames : undefined;
  return isUpgrade(request) && path !== streamPath ? notFound(streamPath) : undefined;
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
  return pipelines.map(({ id, name, description, zones }) => ({
    ...{ id, name, description },
    loaded: status.pipelines.includes(id),
    ...(zones.length === 0 ? {} : { zones }),
  }));
}
