/** Limits the frame rate by skipping frames evenly. Pure. */

/** Camera clocks are not exact: a frame that arrives slightly early still counts. */
const earlyFraction = 0.1;

export class RateLimit {
  readonly #gapMs: number;
  #dueAtMs = Number.NEGATIVE_INFINITY;

  /** @param fps undefined means no limit. */
  constructor(fps: number | undefined) {
    this.#gapMs = fps === undefined ? 0 : 1000 / fps;
  }

  /** Whether to use a frame that arrives at this time. */
  allows(nowMs: number): boolean {
    if (nowMs < this.#dueAtMs - earlyFraction * this.#gapMs) return false;
    // Count from the due time, not the arrival, or the rate would be too low. After a pause, start over from now.
    this.#dueAtMs = (nowMs - this.#dueAtMs > this.#gapMs ? nowMs : this.#dueAtMs) + this.#gapMs;
    return true;
  }
}
