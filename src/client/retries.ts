/** Whether and when a client connects again after a session. No timers. Browser and Node. */
import { type ClientErrorCode, isFatal } from './client-error.ts';

/** The first retry delay is about this long. It doubles with each failure, up to the maximum. */
const minRetryMs = 250;
const maxRetryMs = 15_000;

export class Retries {
  readonly #maxAttempts: number;
  /** Consecutive sessions without a result, and how many of the last ones ended with the same code. */
  #attempts = 0;
  #sameCode = 0;
  #lastCode: ClientErrorCode | undefined;
  /** Whether a gateway has asked to move since the last result. */
  #hasMoved = false;

  constructor(maxAttempts: number) {
    this.#maxAttempts = maxAttempts;
  }

  /** A result has arrived. */
  succeeded(): void {
    this.#attempts = this.#sameCode = 0;
    this.#hasMoved = false;
  }

  /** A session has ended, or could not start. @returns milliseconds until the next attempt; undefined to give up. */
  failed(code: ClientErrorCode): number | undefined {
    this.#attempts += 1;
    this.#sameCode = code === this.#lastCode ? this.#sameCode + 1 : 1;
    this.#lastCode = code;
    if (isFatal(code, this.#sameCode) || this.#attempts >= this.#maxAttempts) return undefined;
    const delayMs = Math.min(maxRetryMs, minRetryMs * 2 ** (this.#attempts - 1));
    // Jitter: clients that lost the same gateway must not all reconnect at the same moment.
    return (delayMs * (1 + Math.random())) / 2;
  }

  /**
   * A gateway has asked to move after `openMs`. That is no failure, unless it happens again soon and without a result in between.
   * @returns as {@link failed}.
   */
  moved(openMs: number): number | undefined {
    if (this.#hasMoved && openMs < maxRetryMs) return this.failed('closed');
    this.#hasMoved = true;
    this.#lastCode = 'closed';
    return minRetryMs * Math.random();
  }
}
