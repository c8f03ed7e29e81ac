/** Maximum of recent values. Pure: time is an argument. */

/** Maximum over a sliding window, kept in two halves: a value counts for one to two window lengths. */
export class SlidingMaximum {
  #current = 0;
  #previous = 0;
  #sinceMs = 0;

  record(value: number, nowMs: number, lengthMs: number): void {
    this.#roll(nowMs, lengthMs);
    this.#current = Math.max(this.#current, value);
  }

  at(nowMs: number, lengthMs: number): number {
    this.#roll(nowMs, lengthMs);
    return Math.max(this.#current, this.#previous);
  }

  #roll(nowMs: number, lengthMs: number): void {
    const passed = nowMs - this.#sinceMs;
    if (passed < lengthMs) return;
    this.#previous = passed < 2 * lengthMs ? this.#current : 0;
    this.#current = 0;
    this.#sinceMs = nowMs;
  }
}
