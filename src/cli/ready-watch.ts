/** Ends a gateway that has no worker any more: threads that hang and do not come back, or that cannot be replaced. Main thread. */

/** A look at the pool is a few microseconds. */
const pollMs = 1000;

export interface ReadyWatchOptions {
  /** Workers that are ready now. */
  readonly ready: () => number;
  /** The longest time without any. */
  readonly maxUnreadyMs: number;
  /** Called once, with how long none was ready. */
  readonly giveUp: (unreadyMs: number) => void;
}

/**
 * Looks at the pool again and again. A worker counts when two looks in a row see one, so that threads that die as soon as they are ready do not.
 */
export class ReadyWatch {
  readonly #options: ReadyWatchOptions;
  #readySinceMs: number | undefined;
  #unreadySinceMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ReadyWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.check(performance.now()), pollMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** @param nowMs monotonic. */
  check(nowMs: number): void {
    if (this.#options.ready() > 0) {
      if (this.#readySinceMs === undefined) this.#readySinceMs = nowMs;
      else this.#unreadySinceMs = undefined;
      return;
    }
    this.#readySinceMs = undefined;
    this.#unreadySinceMs ??= nowMs;
    const unreadyMs = nowMs - this.#unreadySinceMs;
    if (unreadyMs < this.#options.maxUnreadyMs) return;
    this.stop();
    this.#options.giveUp(unreadyMs);
  }
}
