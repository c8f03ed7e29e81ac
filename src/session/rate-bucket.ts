/** A token bucket: so many units a second, with a limited burst. Time is an argument. Main thread. */

const msPerSecond = 1000;

export class RateBucket {
  #units: number;
  #refilledMs: number;

  /** @param burst units that may be taken at once. It starts full. */
  constructor(burst: number, nowMs: number) {
    this.#units = burst;
    this.#refilledMs = nowMs;
  }

  /** When something was last taken. */
  get usedMs(): number {
    return this.#refilledMs;
  }

  /** Takes units. @returns false, without taking any, if there are too few. */
  take(units: number, perSecond: number, burst: number, nowMs: number): boolean {
    const refill = ((nowMs - this.#refilledMs) * perSecond) / msPerSecond;
    this.#units = Math.min(burst, this.#units + refill);
    this.#refilledMs = nowMs;
    if (this.#units < units) return false;
    this.#units -= units;
    return true;
  }
}
