/** Lets frames through at a limited rate, evenly, whatever their own. Pure. */

/** A camera's clock is not exact: a frame that comes a little early still counts. */
const earlyShare = 0.1;

export class RateLimit {
  readonly #gapMs: number;
  #dueAtMs = Number.NEGATIVE_INFINITY;

  /** @param fps undefined lets everything through. */
  constructor(fps: number | undefined) {
    this.#gapMs = fps === undefined ? 0 : 1000 / fps;
  }

  /** Whether a frame of this moment is one of those that are used. */
  allows(nowMs: number): boolean {
    if (nowMs < this.#dueAtMs - earlyShare * this.#gapMs) return false;
    // From where it was due and not from when it came, or the rate would be lower; after a pause from now on.
    this.#dueAtMs = (nowMs - this.#dueAtMs > this.#gapMs ? nowMs : this.#dueAtMs) + this.#gapMs;
    return true;
  }
}
