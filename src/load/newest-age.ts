/** Age of a camera's newest result over the run. Pure: time is an argument. */

export interface Age {
  /** Average over time, not over results. */
  readonly meanMs: number;
  readonly maxMs: number;
}

/**
 * The age grows by one second per second; a result resets it to that result's own latency. It is how old the data is that
 * a viewer sees: few fast results make it as high as many late ones (age of information; Kaul, Yates, Gruteser 2012).
 */
export class NewestAge {
  readonly #startMs: number;
  /** Intended send time of the newest frame with a result. */
  #newestMs: number | undefined;
  /** The sums include the age up to this time. */
  #untilMs: number;
  #areaMs2 = 0;
  #maxMs = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#untilMs = startMs;
  }

  /** Records a result that arrived at `atMs` for a frame due at `intendedMs`. May be called before the clock starts. */
  result(intendedMs: number, atMs: number): void {
    this.#advanceTo(atMs);
    this.#newestMs = Math.max(this.#newestMs ?? intendedMs, intendedMs);
  }

  /** Ends the run at `endMs`; later results do not count. */
  finish(endMs: number): Age {
    this.#advanceTo(endMs);
    const lengthMs = endMs - this.#startMs;
    return { meanMs: lengthMs > 0 ? this.#areaMs2 / lengthMs : 0, maxMs: this.#maxMs };
  }

  #advanceTo(atMs: number): void {
    if (atMs <= this.#untilMs) return;
    // Before the first result, the age counts from the start of the clock.
    const newestMs = this.#newestMs ?? this.#startMs;
    const [youngest, oldest] = [this.#untilMs - newestMs, atMs - newestMs];
    this.#areaMs2 += ((youngest + oldest) / 2) * (atMs - this.#untilMs);
    this.#maxMs = Math.max(this.#maxMs, oldest);
    this.#untilMs = atMs;
  }
}
