/** Rate limit for log lines: a peer that causes one per message must not fill the disk. Main thread. */

export interface LineLimits {
  /** Lines per kind and window. */
  readonly maxLines: number;
  readonly windowMs: number;
}

/** Allows every camera of a large site to change state at once, or ten lines per second continuously. */
export const defaultLineLimits: LineLimits = { maxLines: 100, windowMs: 10_000 };

/** Kinds are the messages in the source, a few dozen. Above this number, kinds share one window. */
const maxKinds = 200;

export interface OmittedLines {
  readonly kind: string;
  readonly lines: number;
}

interface Window {
  readonly endMs: number;
  admitted: number;
  omitted: number;
}

export class LineLimit {
  readonly #limits: LineLimits;
  readonly #windows = new Map<string, Window>();

  constructor(limits: LineLimits) {
    this.#limits = limits;
  }

  /**
   * @param kind what the lines have in common: their message.
   * @returns whether the line may be written. Call `takeOmitted` first, or the count of an expired window is lost.
   */
  admit(kind: string, nowMs: number): boolean {
    const window = this.#windowOf(this.#windows.size < maxKinds || this.#windows.has(kind) ? kind : 'other', nowMs);
    if (window.admitted < this.#limits.maxLines) {
      window.admitted += 1;
      return true;
    }
    window.omitted += 1;
    return false;
  }

  /** Removes expired windows. @returns the lines omitted in them. */
  takeOmitted(nowMs: number): OmittedLines[] {
    const ended = [...this.#windows].filter(([, { endMs }]) => endMs <= nowMs);
    for (const [kind] of ended) this.#windows.delete(kind);
    return ended.flatMap(([kind, { omitted }]) => (omitted > 0 ? [{ kind, lines: omitted }] : []));
  }

  #windowOf(kind: string, nowMs: number): Window {
    const open = this.#windows.get(kind);
    if (open !== undefined && open.endMs > nowMs) return open;
    const window = { endMs: nowMs + this.#limits.windowMs, admitted: 0, omitted: 0 };
    this.#windows.set(kind, window);
    return window;
  }
}
