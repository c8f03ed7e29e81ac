/** How old the newest result of a camera is, at every moment of the run. Pure: time comes in. */

export interface Age {
  /** Averaged over time, not over results. */
  readonly meanMs: number;
  readonly maxMs: number;
}

/**
 * The age grows by a second a second; a result takes it back to that result's own latency. What a viewer sees is this
 * old: few results that come fast make it as high as many that come late (age of information; Kaul, Yates, Gruteser 2012).
 */
export class NewestAge {
  readonly #startMs: number;
  /** Intended time of the newest frame that has a result. */
  #newestMs: number | undefined;
  /** Up to here the age is in the sums. */
  #untilMs: number;
  #areaMs2 = 0;
  #maxMs = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#untilMs = startMs;
  }

  /** A result came at `atMs` for the frame that was meant to be sent at `intendedMs`. Before the clock starts, too. */
  result(intendedMs: number, atMs: number): void {
    this.#growUntil(atMs);
    this.#newestMs = Math.max(this.#newestMs ?? intendedMs, intendedMs);
  }

  /** The run ended at `endMs`; results that came later do not count. */
  finish(endMs: number): Age {
    this.#growUntil(endMs);
    const lengthMs = endMs - this.#startMs;
    return { meanMs: lengthMs > 0 ? this.#areaMs2 / lengthMs : 0, maxMs: this.#maxMs };
  }

  #growUntil(atMs: number): void {
    if (atMs <= this.#untilMs) return;
    // A camera without any result yet is as old as the clock.
    const newestMs = this.#newestMs ?? this.#startMs;
    const [youngest, oldest] = [this.#untilMs - newestMs, atMs - newestMs];
    this.#areaMs2 += ((youngest + oldest) / 2) * (atMs - this.#untilMs);
    this.#maxMs = Math.max(this.#maxMs, oldest);
    this.#untilMs = atMs;
  }
}
