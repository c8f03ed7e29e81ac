/** Writes HTTP answers, so that a peer that does not read them costs no more than one. Runs on the loop. */
import { type HttpErrorCode, httpErrors } from '../errors.ts';
import { encodeError } from '../protocol.ts';
import type { HttpResponse } from './uws.ts';

/** A whole answer; `body` as text or as bytes that do not change any more. */
export interface Reply {
  readonly status: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | Uint8Array;
  /** The peer asked for the headers alone: HEAD, or a file that it has already. */
  readonly omitBody?: boolean;
  /** What is left of the request is not wanted: the connection ends with the answer. */
  readonly closeConnection?: boolean;
}

const jsonHeaders = [
  ['Content-Type', 'application/json; charset=utf-8'],
  ['Cache-Control', 'no-store'],
] as const;

/** For an answer that may be another one soon; HTTP counts in whole seconds. */
export const retryLater = ['Retry-After', '1'] as const;

/** An answer of JSON text, which nobody may keep. */
export function jsonReply(status: string, body: string, headers: Reply['headers'] = []): Reply {
  return { status, body, headers: [...jsonHeaders, ...headers] };
}

/** An error that only plain HTTP requests can get, with its status. */
export function httpError(
  code: HttpErrorCode,
  detail: string = httpErrors[code].detail,
  headers: Reply['headers'] = [],
): Reply {
  return jsonReply(httpErrors[code].status, encodeError(code, detail), headers);
}

/** For an address that sends more than `STREAM_MAX_FRAMES_PER_SECOND`. */
export const tooManyRequests: Reply = {
  ...httpError('too_many_requests', undefined, [retryLater]),
  closeConnection: true,
};

/**
 * Writes one answer; the response must not be used after it, and its `onAborted` not be set.
 *
 * uWebSockets.js answers pipelined requests one after the other and keeps what the peer does not read, without a limit and at a
 * growing cost. An answer that does not go out whole is therefore left pending, and uWebSockets.js cuts a connection whose next
 * request finds one. An answer without a body cannot be pending, so it ends its connection.
 *
 * Where the connection ends, uWebSockets.js would still read a next request from the same segment, unless an answer is outstanding. So such
 * an answer waits until what has arrived was read.
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
    // `endWithoutBody` leaves the response open, and uWebSockets.js aborts the process for it; an empty body does not.
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
