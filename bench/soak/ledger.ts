/** The account of one session as its camera sees it: every index it sent, what came for it, and what breaks the contract. Pure. */
import { streamErrors } from '../../src/errors.ts';

/** Indices by what became of them. */
export interface Totals {
  sent: number;
  results: number;
  dropped: number;
  /** Without an answer, in a session that the gateway ended with a code. */
  ended: number;
  /** Without an answer and without a reason. */
  unanswered: number;
}

export const noTotals: Readonly<Totals> = { sent: 0, results: 0, dropped: 0, ended: 0, unanswered: 0 };

/** How a session ended. */
export type End =
  /** The camera left after it had waited for its answers. */
  | { readonly by: 'camera' }
  /** The gateway closed the connection, or was gone (1006). */
  | { readonly by: 'gateway'; readonly code: number };

/** Ends of a session that say by themselves that nothing more comes. */
const goingAway = 1001;
const connectionLost = 1006;

const messageKeys = ['result', 'dropped', 'warning', 'error'] as const;

export class Ledger {
  /** Sentences about what should not have been. */
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

  /** The error that the gateway named, if it did. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Counts one binary message. @returns its index. */
  sent(): number {
    const index = this.#totals.sent++;
    this.#pending.add(index);
    return index;
  }

  /** Takes one text message of the gateway. @returns the index that it answers with a result. */
  received(text: string): number | undefined {
    if (this.#error !== undefined) this.#addProblem(`a message after the error ${this.#error}: ${text}`);
    const message = parse(text);
    const keys = messageKeys.filter((key) => message !== undefined && key in message);
    if (message === undefined || keys.length !== 1) this.#addProblem(`a message outside the contract: ${text}`);
    else if (keys[0] === 'error') this.#error = String(message['error']);
    else if (keys[0] === 'result') return this.#recordReply(message['frame_index'], 'results');
    else if (keys[0] === 'dropped') this.#recordReply(message['frame_index'], 'dropped');
    return undefined;
  }

  /**
   * Closes the account; what has no answer now will never have one.
   * @param mayBeLost whether the gateway was killed meanwhile, so that the connection may end without a word.
   */
  end(end: End, mayBeLost = false): void {
    const isKnown = end.by === 'gateway' && this.#isKnownEnd(end.code, mayBeLost);
    this.#totals[isKnown ? 'ended' : 'unanswered'] += this.#pending.size;
    if (!isKnown && this.#pending.size > 0)
      this.#addProblem(`no answer to ${[...this.#pending].slice(0, 5).join(', ')}`);
    this.#pending.clear();
  }

  #isKnownEnd(code: number, mayBeLost: boolean): boolean {
    if (this.#error !== undefined) {
      const expected = streamErrors[this.#error as keyof typeof streamErrors]?.closeCode;
      if (code !== expected) this.#addProblem(`closed with ${code} after ${this.#error}`);
      return true;
    }
    if (code === goingAway || (code === connectionLost && mayBeLost)) return true;
    this.#addProblem(`closed with ${code} and no error`);
    return false;
  }

  #recordReply(index: unknown, as: 'results' | 'dropped'): number | undefined {
    if (typeof index !== 'number' || !(index >= 0 && index < this.#totals.sent)) {
      this.#addProblem(`an answer to ${index}, which was never sent`);
      return undefined;
    }
    if (!this.#pending.delete(index)) {
      this.#addProblem(`a second answer to ${index}`);
      return undefined;
    }
    this.#totals[as] += 1;
    if (as === 'dropped') return undefined;
    if (index < this.#lastResult) this.#addProblem(`the result of ${index} after that of ${this.#lastResult}`);
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
