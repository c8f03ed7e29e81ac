/** Says that events are lost: at once, and then with their number, now and then. Pure. */

/** A loss that goes on is said this often. */
const lossIntervalMs = 60_000;

export class LossReport {
  #unsaid = 0;
  #saidAtMs = Number.NEGATIVE_INFINITY;

  /** @returns what to say, if nothing was said lately. */
  lost(count: number, why: string, nowMs: number): string | undefined {
    this.#unsaid += count;
    if (nowMs - this.#saidAtMs < lossIntervalMs) return undefined;
    const said = `${describeEvents(this.#unsaid)} lost: ${why}`;
    this.reset();
    this.#saidAtMs = nowMs;
    return said;
  }

  /** The next loss is said at once. */
  reset(): void {
    this.#unsaid = 0;
    this.#saidAtMs = Number.NEGATIVE_INFINITY;
  }
}

/** `1 event was`, `1,234 events were`. */
export function describeEvents(count: number): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? 'event was' : 'events were'}`;
}
