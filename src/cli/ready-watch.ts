/** Detects a gateway without ready workers: threads that hang, or that cannot be replaced. Main thread. */

/** A check takes a few microseconds. */
const pollMs = 1000;

export interface ReadyWatchOptions {
  /** Number of ready workers. */
  readonly ready: () => number;
  /** Maximum time without any. */
  readonly maxUnreadyMs: number;
  /** Called once, with the time without a ready worker. */
  readonly onTimeout: (unreadyMs: number) => void;
}

/** Checks the pool periodically. A worker counts only if two checks in a row see one, so that threads that crash when ready do not count. */
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

  /** @param nowMs monotonic time. */
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
    this.#options.onTimeout(unreadyMs);
  }
}
