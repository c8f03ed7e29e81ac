/** Rejects requests that uWebSockets.js accepts but RFC 9112 or RFC 6455 forbids, since proxies may parse them differently. Runs on the loop. */
import { type HttpErrorCode, httpErrors } from '../errors.ts';
import { framesPath, streamPath } from '../protocol.ts';
import { normalizeSlashes } from './paths.ts';
import { httpError, type Reply, respond } from './respond.ts';
import type { HttpRequest, HttpResponse } from './uws.ts';

/** Why a request is rejected. */
export interface RequestError {
  readonly code: HttpErrorCode;
  readonly detail: string;
}

/** Headers allowed at most once per request. */
const singleHeaders = [
  ...['host', 'origin', 'authorization', 'content-length', 'transfer-encoding'],
  ...['sec-websocket-key', 'sec-websocket-version'],
];

/** The only WebSocket version (RFC 6455, 4.1). */
const webSocketVersion = '13';

/** 16 bytes in Base64 (RFC 6455, 4.1). */
const webSocketKey = /^[A-Za-z0-9+/]{22}==$/;

/** A token in a list such as `keep-alive, Upgrade`, case-insensitive. */
const upgradeToken = /(?:^|,)\s*upgrade\s*(?:,|$)/i;
const webSocketToken = /(?:^|,)\s*websocket\s*(?:,|$)/i;

/** Headers required with 426 (RFC 9110, 15.5.22; RFC 6455, 4.4). */
const upgradeHeaders = [
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Version', webSocketVersion],
] as const;

/**
 * Whether the body is chunked. uWebSockets.js accepts chunk endings that other servers reject, so nothing after such a body can be
 * trusted: the connection is closed after the reply.
 */
export function isChunked(request: HttpRequest): boolean {
  return request.getHeader('transfer-encoding') !== '';
}

/** Whether the request is a valid WebSocket handshake. Leave any other request to {@link rejectIfMalformed}. */
export function isHandshake(request: HttpRequest): boolean {
  return isUpgrade(request) && findRequestIssue(request) === undefined;
}

/**
 * Replies to a malformed request and closes its connection.
 * @returns whether the request was malformed.
 */
export function rejectIfMalformed(response: HttpResponse, request: HttpRequest): boolean {
  const issue = findRequestIssue(request);
  if (issue === undefined) return false;
  respond(response, {
    ...httpError(issue.code, issue.detail, headersOf(issue.code)),
    omitBody: request.getCaseSensitiveMethod() === 'HEAD',
    closeConnection: true,
  });
  return true;
}

/** Extra headers required for a code. */
export function headersOf(code: HttpErrorCode): Reply['headers'] {
  return code === 'upgrade_required' ? upgradeHeaders : [];
}

/** Finds an error in a request's headers; takes a few microseconds for ten headers. */
export function findRequestIssue(request: HttpRequest): RequestError | undefined {
  const path = request.getUrl();
  return (
    repeatedHeader(request) ??
    badMethod(request) ??
    badLength(request) ??
    badTransferEncoding(request, path) ??
    (isUpgrade(request) && normalizeSlashes(path) === streamPath ? badHandshake(request) : undefined)
  );
}

function repeatedHeader(request: HttpRequest): RequestError | undefined {
  const seen = new Set<string>();
  let repeated: string | undefined;
  request.forEach((name) => {
    if (seen.has(name) && singleHeaders.includes(name)) repeated = name;
    seen.add(name);
  });
  if (repeated !== undefined) return badRequest(`more than one ${repeated} header`);
  // `getHeader` and uWebSockets.js treat an empty header as missing.
  if (seen.has('content-length') && request.getHeader('content-length') === '')
    return badRequest('empty content-length');
  if (seen.has('transfer-encoding') && !isChunked(request)) return badRequest('empty transfer-encoding');
  return undefined;
}

/** Methods are upper-case (RFC 9110, 9.1): a proxy rule for `GET` does not match `get`. `getMethod` lower-cases them permanently. */
function badMethod(request: HttpRequest): RequestError | undefined {
  const method = request.getCaseSensitiveMethod();
  return /^[A-Z]+$/.test(method) ? undefined : badRequest('method not in upper-case letters');
}

/** uWebSockets.js hides all headers after one without a name, so a POST that seems to have no length may have one. */
function badLength(request: HttpRequest): RequestError | undefined {
  const isLengthUnknown = request.getHeader('content-length') === '' && !isChunked(request);
  return isLengthUnknown && request.getCaseSensitiveMethod() === 'POST' ? badRequest('no content-length') : undefined;
}

function badTransferEncoding(request: HttpRequest, path: string): RequestError | undefined {
  const coding = request.getHeader('transfer-encoding').toLowerCase();
  if (coding === '') return undefined;
  if (coding !== 'chunked') return issue('not_implemented', httpErrors.not_implemented.detail);
  const takesBody = path === framesPath && request.getCaseSensitiveMethod() === 'POST';
  return takesBody ? undefined : badRequest(`only POST ${framesPath} takes a chunked body`);
}

/** A GET that requests a WebSocket. If a proxy removed `Connection` or `Upgrade`, it is an ordinary GET and gets 426. */
function isUpgrade(request: HttpRequest): boolean {
  return (
    request.getCaseSensitiveMethod() === 'GET' &&
    upgradeToken.test(request.getHeader('connection')) &&
    webSocketToken.test(request.getHeader('upgrade'))
  );
}

function badHandshake(request: HttpRequest): RequestError | undefined {
  if (request.getHeader('sec-websocket-version') !== webSocketVersion) {
    return issue('upgrade_required', `Expected Sec-WebSocket-Version: ${webSocketVersion}`);
  }
  const key = request.getHeader('sec-websocket-key');
  if (key !== '' && !webSocketKey.test(key)) return badRequest('Sec-WebSocket-Key is not 16 bytes in Base64');
  // A body would be parsed as WebSocket frames.
  return /^0*$/.test(request.getHeader('content-length')) ? undefined : badRequest('an upgrade has no body');
}

function badRequest(what: string): RequestError {
  return issue('bad_request', `${httpErrors.bad_request.detail}: ${what}`);
}

function issue(code: HttpErrorCode, detail: string): RequestError {
  return { code, detail };
}
