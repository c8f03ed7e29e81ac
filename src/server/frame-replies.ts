/** The replies of `POST /frames`. Pure. */
import type { Denial } from '../auth/authorize.ts';
import { type HttpErrorCode, httpErrors, type StreamErrorCode, streamErrors } from '../errors.ts';
import type { FrameEnd } from '../observe/observer.ts';
import type { FrameOutcome, ResultOutcome } from '../pool/messages.ts';
import { addEvents, encodeDropped, encodeError, encodeResult } from '../protocol.ts';
import { denialReply } from './access.ts';
import { jsonReply, type Reply, retryLater } from './respond.ts';

/** Each request carries one frame. */
export const frameIndex = 0;

/** HTTP status of each code. An unknown pipeline is 404, a missing one 400. */
const statuses = {
  invalid_frame: '400 Bad Request',
  frame_too_large: '413 Content Too Large',
  invalid_message: '415 Unsupported Media Type',
  pipeline_failure: '500 Internal Server Error',
  internal_error: '500 Internal Server Error',
  server_busy: '503 Service Unavailable',
} as const satisfies Partial<Record<StreamErrorCode, string>>;

/** Characters not allowed in a token of an HTTP header (RFC 9110, 5.6.2). */
const notInToken = /[^\w!#$%&'*+.^`|~-]/g;

/** A request that is not offered to the pool. */
export interface Rejection {
  readonly code: StreamErrorCode | HttpErrorCode;
  readonly detail: string;
  readonly reply: Reply;
}

/** A frame that was not started, or that failed. */
export type FailedFrame = Extract<FrameEnd, { type: 'failed' }> & { readonly code: keyof typeof statuses };

/** @param limit leaves out of a result what the token does not permit. */
export function replyFor(outcome: FrameOutcome | FailedFrame, limit: (text: string) => string): Reply {
  switch (outcome.type) {
    case 'result':
      return resultReply(outcome, limit);
    case 'dropped':
      return jsonReply(statuses.server_busy, encodeDropped(frameIndex), [retryLater]);
    case 'failed':
      return rejectionOf(outcome.code, outcome.detail).reply;
    default:
      return outcome satisfies never;
  }
}

/** A result that cannot be limited, since a host sent no JSON, must not leave the request without a reply. */
function resultReply(outcome: ResultOutcome, limit: (text: string) => string): Reply {
  try {
    const headers = [['Server-Timing', serverTimingOf(outcome.timings)]] as const;
    return jsonReply('200 OK', encodeResult(frameIndex, limit(withEvents(outcome))), headers);
  } catch {
    return rejectionOf('internal_error', streamErrors.internal_error.detail).reply;
  }
}

function withEvents({ text, events }: ResultOutcome): string {
  return events === undefined ? text : addEvents(text, events);
}

export function rejectionOf(code: keyof typeof statuses, detail: string): Rejection {
  const headers = code === 'server_busy' ? [retryLater] : [];
  return { code, detail, reply: jsonReply(statuses[code], encodeError(code, detail), headers) };
}

export function invalidPipeline(status: string, detail: string): Rejection {
  return { code: 'invalid_pipeline', detail, reply: jsonReply(status, encodeError('invalid_pipeline', detail)) };
}

/** The rest of the body is not read. */
export function tooManyBytes(code: keyof typeof statuses, detail: string): Rejection {
  const rejection = rejectionOf(code, detail);
  return { ...rejection, reply: { ...rejection.reply, closeConnection: true } };
}

export function unread(code: HttpErrorCode, reply: Reply): Rejection {
  return { code, detail: httpErrors[code].detail, reply: { ...reply, closeConnection: true } };
}

/** Stages as a W3C Server-Timing header: `decode;dur=1.06, detect;dur=11.95`. A node id may contain characters not allowed there. */
function serverTimingOf(timings: ResultOutcome['timings']): string {
  return Object.entries(timings)
    .map(([stage, ms]) => `${stage.replaceAll(notInToken, '_')};dur=${ms}`)
    .join(', ');
}

/** A request without a valid token, or from a page that is not allowed. */
export function deniedFrame(denial: Denial): Rejection {
  return { code: denial.code, detail: denial.detail, reply: denialReply(denial) };
}
