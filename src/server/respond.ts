/** Writes HTTP replies so that a peer that does not read them costs at most one buffered reply. Runs on the loop. */
import { type HttpErrorCode, httpErrors } from '../errors.ts';
import { encodeError } from '../protocol.ts';
import type { HttpResponse } from './uws.ts';

/** A complete HTTP reply. `body` is text, or bytes that no longer change. */
export interface Reply {
  readonly status: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | Uint8Array;
  /** Send headers only: for HEAD, or a file that the client already has. */
  readonly omitBody?: boolean;
  /** The rest of the request is not wanted: close the connection after the reply. */
  readonly closeConnection?: boolean;
}

const jsonHeaders = [
  ['Content-Type', 'application/json; charset=utf-8'],
  ['Cache-Control', 'no-store'],
] as const;

/** For a reply that may soon change; HTTP counts in whole seconds. */
export const retryLater = ['Retry-After', '1'] as const;

/** A JSON reply that must not be cached. */
export function jsonReply(status: string, body: string, headers: Reply['headers'] = []): Reply {
  return { status, body, headers: [...jsonHeaders, ...headers] };
}

/** An error used only for plain HTTP requests, with its status. */
export function httpError(
  code: HttpErrorCode,
  detail: string = httpErrors[code].detail,
  headers: Reply['headers'] = [],
): Reply {
  return jsonReply(httpErrors[code].status, encodeError(code, detail), headers);
}

/** For an address above `STREAM_MAX_FRAMES_PER_SECOND`. */
export const tooManyRequests: Reply = {
  ...httpError('too_many_requests', undefined, [retryLater]),
  closeConnection: true,
};

/**
 * Writes one reply. Afterwards the response must not be used, and its `onAborted` must not be set.
 *
 * uWebSockets.js processes pipelined requests in order and buffers what the peer does not read, without a limit and at growing cost. A
 * reply that cannot be sent completely is therefore left pending, and uWebSockets.js closes a connection whose next request finds a
 * pending one. A reply without a body cannot be pending, so it closes its connection.
 *
 * When closing a connection, uWebSockets.js would still process a further request in the same segment, unless a reply is outstanding.
 * Such a reply is therefore delayed until everything received has been processed.
 */
export function respond(response: HttpResponse, reply: Reply): void {
  if (!reply.closeConnection) {
    write(response, reply);
    return;
  }
  let isGone = false;
  response.onAborted(() => {
    isGone = true;
  });
  setImmediate(() => {
    if (!isGone) write(response, reply);
  });
}

function write(
  response: HttpResponse,
  { status, headers, body, omitBody = false, closeConnection = false }: Reply,
): void {
  response.cork(() => {
    response.writeStatus(status);
    for (const [name, value] of headers) response.writeHeader(name, value);
    // `endWithoutBody` leaves the response open, which makes uWebSockets.js abort the process; an empty body does not.
    if (omitBody || closeConnection) response.end(omitBody ? '' : body, true);
    else writeBody(response, typeof body === 'string' ? Buffer.from(body) : body);
  });
}

function writeBody(response: HttpResponse, bytes: Uint8Array): void {
  const [isWhole, hasEnded] = response.tryEnd(bytes, bytes.length);
  if (isWhole || hasEnded) return;
  response.onAborted(() => undefined);
  response.onWritable((offset) => response.tryEnd(bytes.subarray(offset), bytes.length)[0]);
}
