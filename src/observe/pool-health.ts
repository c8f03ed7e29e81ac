/** Detects that workers are missing for longer than a replacement takes. Time is an argument. Main thread. */

/** A regular replacement, with its models loaded, takes less. */
const minMissingMs = 2000;

export interface PoolHealthChange {
  readonly type: 'degraded' | 'recovered';
  /** How long workers have been missing. */
  readonly durationMs: number;
}

export class PoolHealth {
  #missingSinceMs: number | undefined;
  /** The lowest number of ready workers that was reported. */
  #reported: number | undefined;

  /** @returns a change since the last check, also if even fewer workers are ready. Call about once a second. */
  check(
    { ready, size }: { readonly ready: number; readonly size: number },
    nowMs: number,
  ): PoolHealthChange | undefined {
    if (ready >= size) {
      const [sinceMs, reported] = [this.#missingSinceMs ?? nowMs, this.#reported];
      this.#missingSinceMs = undefined;
      this.#reported = undefined;
      return reported === undefined ? undefined : { type: 'recovered', durationMs: nowMs - sinceMs };
    }
    this.#missingSinceMs ??= nowMs;
    const durationMs = nowMs - this.#missingSinceMs;
    if (durationMs < minMissingMs || ready >= (this.#reported ?? size)) return undefined;
    this.#reported = ready;
    return { type: 'degraded', durationMs };
  }
}
