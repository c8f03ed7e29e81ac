/** Where the time of a frame goes: each stage of the pipeline, smoothed, and the way. Pure. */
import type { FrameResult } from '../client/index.ts';

export interface StageTime {
  readonly name: string;
  readonly ms: number;
  /** Where it starts and how long it is, as parts of the whole round trip, 0 to 1. */
  readonly from: number;
  readonly part: number;
}

/** Weight of the newest value. */
const smoothing = 0.15;
/** The round trip less what the gateway worked: the network, and what waits on either side. */
const wayName = 'on the way';

export class StageTimes {
  readonly #times = new Map<string, number>();
  #tripMs = 0;

  add(timings: FrameResult['timings_ms'], roundTripMs: number): void {
    // Another pipeline has other stages.
    for (const name of this.#times.keys()) if (!(name in timings)) this.#times.delete(name);
    for (const [name, ms] of Object.entries(timings)) {
      if (Number.isFinite(ms)) this.#times.set(name, smooth(this.#times.get(name), ms));
    }
    this.#tripMs = smooth(this.#tripMs || undefined, roundTripMs);
  }

  /** One row for each stage, in the order in which the gateway names them, and one for the way. */
  rows(): StageTime[] {
    const total = this.#times.get('total') ?? 0;
    const stages = [...this.#times].filter(([name]) => name !== 'total');
    if (stages.length === 0) return [];
    const wholeMs = Math.max(this.#tripMs, total, Number.MIN_VALUE);
    const rows: StageTime[] = [];
    let fromMs = 0;
    for (const [name, ms] of [...stages, [wayName, Math.max(0, wholeMs - total)] as const]) {
      const from = Math.min(1, fromMs / wholeMs);
      rows.push({ name, ms, from, part: Math.min(1 - from, ms / wholeMs) });
      fromMs += ms;
    }
    return rows;
  }
}

function smooth(average: number | undefined, value: number): number {
  return average === undefined ? value : average + smoothing * (value - average);
}
