/** What can go wrong for a client: codes, and which of them a new connection heals. Browser and Node. */
import type { StreamErrorCode } from '../protocol.ts';

/**
 * The client's own codes, besides the gateway's:
 * `unreachable` no connection could be opened; `closed` the connection ended without a reason, or {@link Client.close} was
 * called; `timed_out` a frame had no reply in time; `invalid_reply` what answers is no gateway.
 */
export type ClientErrorCode = StreamErrorCode | 'unreachable' | 'closed' | 'timed_out' | 'invalid_reply';

/** A session that ended, or never began. `code` is for programs, the message for people. */
export class ClientError extends Error {
  readonly code: ClientErrorCode;
  readonly detail: string;

  constructor(code: ClientErrorCode, detail: string) {
    // A gateway may give no words of its own; nobody is to read a colon with nothing after it.
    super(detail.trim() === '' ? code : `${code}: ${detail}`);
    this.name = 'ClientError';
    this.code = code;
    this.detail = detail;
  }
}

/**
 * How many sessions in a row, without a result between, a code may end before the client gives up. Codes that are not here,
 * those of a newer gateway too, are the server's or the network's trouble, which passes: the client comes back for ever.
 */
const fatalAfter: Readonly<Record<string, number>> = {
  // The next session would be the same.
  invalid_pipeline: 1,
  invalid_message: 1,
  invalid_reply: 1,
  // The frame is to blame, and the next may be better; a camera that gives nothing better will not get through.
  invalid_frame: 3,
  frame_too_large: 3,
};

/** Whether the client gives up after `inARow` sessions that ended with this code. */
export function isFatal(code: ClientErrorCode, inARow: number): boolean {
  return inARow >= (fatalAfter[code] ?? Number.POSITIVE_INFINITY);
}
