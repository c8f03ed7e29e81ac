/** Client error codes, and which of them are fatal. Browser and Node. */
import type { StreamErrorCode } from '../protocol.ts';

/**
 * The client's own codes, in addition to the gateway's:
 * `unreachable`: the connection could not be opened; `closed`: the connection ended without a reason, or {@link Client.close} was
 * called; `timed_out`: a frame had no reply in time; `invalid_reply`: the peer is not a gateway.
 */
export type ClientErrorCode = StreamErrorCode | 'unreachable' | 'closed' | 'timed_out' | 'invalid_reply';

/** Why a session ended or could not start. `code` is for programs, the message for people. */
export class ClientError extends Error {
  readonly code: ClientErrorCode;
  readonly detail: string;

  constructor(code: ClientErrorCode, detail: string) {
    // A gateway may send an empty detail; the message then has no trailing colon.
    super(detail.trim() === '' ? code : `${code}: ${detail}`);
    this.name = 'ClientError';
    this.code = code;
    this.detail = detail;
  }
}

/**
 * How many consecutive sessions without a result may end with a code before the client gives up. Codes not listed here, including
 * unknown ones from a newer gateway, are temporary server or network problems: the client reconnects without limit.
 */
const fatalAfter: Readonly<Record<string, number>> = {
  // The next session would fail the same way.
  invalid_pipeline: 1,
  invalid_message: 1,
  unauthorized: 1,
  forbidden: 1,
  invalid_reply: 1,
  // The frame is the cause, and the next one may be valid. After several in a row, the camera sends nothing valid.
  invalid_frame: 3,
  frame_too_large: 3,
};

/** Whether the client gives up after `inARow` consecutive sessions that ended with this code. */
export function isFatal(code: ClientErrorCode, inARow: number): boolean {
  return inARow >= (fatalAfter[code] ?? Number.POSITIVE_INFINITY);
}
