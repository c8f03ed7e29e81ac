/** The ledger of one session from the camera's view: every sent index, its reply, and protocol violations. Pure. */
import { streamErrors } from '../../src/errors.ts';

/** Frame counts by outcome. */
export interface Totals {
  sent: number;
  results: number;
  dropped: number;
  /** Without a reply, in a session that the gateway closed with an error or close code. */
  ended: number;
  /** Without a reply and without a reason. */
  unanswered: number;
}

export const noTotals: Readonly<Totals> = { sent: 0, results: 0, dropped: 0, ended: 0, unanswered: 0 };

/** How a session ended. */
export type End =
  /** The camera closed the connection after waiting for its replies. */
  | { readonly by: 'camera' }
  /** The gateway closed the connection or disappeared (1006). */
  | { readonly by: 'gateway'; readonly code: number };

/** Close codes that are valid without an error message. */
const goingAway = 1001;
const connectionLost = 1006;

const messageKeys = ['result', 'dropped', 'warning', 'error'] as const;

export class Ledger {
  /** Protocol violations. */
  readonly problems: string[] = [];
  readonly #totals: Totals = { ...noTotals };
  readonly #pending = new Set<number>();
  #lastResult = -1;
  #error: string | undefined;

  get pending(): number {
    return this.#pending.size;
  }

  get totals(): Readonly<Totals> {
    return this.#totals;
  }

  /** The error code sent by the gateway, if any. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Records a sent binary message. @returns its index. */
  sent(): number {
    const index = this.#totals.sent++;
    this.#pending.add(index);
    return index;
  }

  /** Records a text message of the gateway. @returns the frame index if it is a result. */
  received(text: string): number | undefined {
    if (this.#error !== undefined) this.#addProblem(`message after the error ${this.#error}: ${text}`);
    const message = parse(text);
    const keys = messageKeys.filter((key) => message !== undefined && key in message);
    if (message === undefined || keys.length !== 1) this.#addProblem(`message not in the protocol: ${text}`);
    else if (keys[0] === 'error') this.#error = String(message['error']);
    else if (keys[0] === 'result') return this.#recordReply(message['frame_index'], 'results');
    else if (keys[0] === 'dropped') this.#recordReply(message['frame_index'], 'dropped');
    return undefined;
  }

  /**
   * Closes the ledger. Pending frames no longer get a reply.
   * @param mayBeLost whether the gateway was killed, so that the connection may close without an error.
   */
  end(end: End, mayBeLost = false): void {
    const isKnown = end.by === 'gateway' && this.#isKnownEnd(end.code, mayBeLost);
    this.#totals[isKnown ? 'ended' : 'unanswered'] += this.#pending.size;
    if (!isKnown && this.#pending.size > 0)
      this.#addProblem(`no reply to ${[...this.#pending].slice(0, 5).join(', ')}`);
    this.#pending.clear();
  }

  #isKnownEnd(code: number, mayBeLost: boolean): boolean {
    if (this.#error !== undefined) {
      const expected = streamErrors[this.#error as keyof typeof streamErrors]?.closeCode;
      if (code !== expected) this.#addProblem(`closed with ${code} after ${this.#error}`);
      return true;
    }
    if (code === goingAway || (code === connectionLost && mayBeLost)) return true;
    this.#addProblem(`closed with ${code} without an error`);
    return false;
  }

  #recordReply(index: unknown, as: 'results' | 'dropped'): number | undefined {
    if (typeof index !== 'number' || !(index >= 0 && index < this.#totals.sent)) {
      this.#addProblem(`reply to ${index}, which was never sent`);
      return undefined;
    }
    if (!this.#pending.delete(index)) {
      this.#addProblem(`second reply to ${index}`);
      return undefined;
    }
    this.#totals[as] += 1;
    if (as === 'dropped') return undefined;
    if (index < this.#lastResult) this.#addProblem(`result of ${index} after that of ${this.#lastResult}`);
    this.#lastResult = index;
    return index;
  }

  #addProblem(problem: string): void {
    this.problems.push(problem);
  }
}

export function addTotals(to: Totals, { sent, results, dropped, ended, unanswered }: Readonly<Totals>): void {
  to.sent += sent;
  to.results += results;
  to.dropped += dropped;
  to.ended += ended;
  to.unanswered += unanswered;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
