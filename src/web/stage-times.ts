/** Smoothed time per pipeline stage, and the rest of the round trip. Pure. */
import type { FrameResult } from '../client/index.ts';
import { smooth } from '../statistics.ts';

export interface StageTime {
  readonly name: string;
  readonly ms: number;
  /** Start and length relative to the round trip, 0 to 1. */
  readonly from: number;
  readonly part: number;
}

/** Weight of the newest value. */
const smoothing = 0.15;
/** The round trip minus the pipeline time: network and waiting on both sides. */
const restName = 'network/wait';

export class StageTimes {
  #times = new Map<string, number>();
  #tripMs = 0;

  add(timings: FrameResult['timings_ms'], roundTripMs: number): void {
    // A new map forgets the stages of a previous pipeline, and has the order of this one.
    const times = new Map<string, number>();
    for (const [name, ms] of Object.entries(timings)) {
      if (Number.isFinite(ms)) times.set(name, smooth(this.#times.get(name), ms, smoothing));
    }
    this.#times = times;
    this.#tripMs = smooth(this.#tripMs || undefined, roundTripMs, smoothing);
  }

  /** One row per stage, in the gateway's order, and one for the rest of the round trip. */
  rows(): StageTime[] {
    const total = this.#times.get('total') ?? 0;
    const stages = [...this.#times].filter(([name]) => name !== 'total');
    if (stages.length === 0) return [];
    const wholeMs = Math.max(this.#tripMs, total, Number.MIN_VALUE);
    const rows: StageTime[] = [];
    let fromMs = 0;
    for (const [name, ms] of [...stages, [restName, Math.max(0, wholeMs - total)] as const]) {
      const from = Math.min(1, fromMs / wholeMs);
      rows.push({ name, ms, from, part: Math.min(1 - from, ms / wholeMs) });
      fromMs += ms;
    }
    return rows;
  }
}
