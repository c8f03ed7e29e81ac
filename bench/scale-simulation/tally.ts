/** What became of the frames, by the phase in which they were due. */
import { fairnessIndex } from '../../src/load/tally.ts';
import { percentile } from '../../src/statistics.ts';
import type { Phase, PhaseName } from './scene.ts';

/** `lost`: the connection was cut before the reply. `not_sent`: the camera was not connected. Others are reasons of `dropped`. */
export type Fate = 'result' | 'lost' | 'not_sent' | 'displaced' | 'expired' | 'busy' | 'worker_lost' | 'session_closed';

export interface PhaseResult {
  readonly phase: PhaseName;
  readonly seconds: number;
  readonly offered: number;
  readonly fates: Readonly<Record<string, number>>;
  /** Of the workers that were up, 0 to 1. */
  readonly utilization: number;
  /** Results as a part of what fits: of all offered frames, or of those that the workers could run if that is less. */
  readonly ofWhatFits: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Jain's index over the cameras. */
  readonly fairness: number;
}

export class Tally {
  readonly #phases: readonly Phase[];
  readonly #offered: Uint32Array[];
  readonly #results: Uint32Array[];
  readonly #fates: Map<Fate, number>[];
  readonly #latenciesMs: number[][];
  readonly #busyMs: number[];
  readonly #workerMs: number[];

  constructor(phases: readonly Phase[], cameras: number) {
    this.#phases = phases;
    this.#offered = phases.map(() => new Uint32Array(cameras));
    this.#results = phases.map(() => new Uint32Array(cameras));
    this.#fates = phases.map(() => new Map());
    this.#latenciesMs = phases.map(() => []);
    this.#busyMs = phases.map(() => 0);
    this.#workerMs = phases.map(() => 0);
  }

  phaseAt(nowMs: number): number {
    const phase = this.#phases.findIndex(({ untilMs }) => nowMs < untilMs);
    return phase < 0 ? this.#phases.length - 1 : phase;
  }

  offered(camera: number, phase: number): void {
    const counts = this.#offered[phase] as Uint32Array;
    counts[camera] = (counts[camera] ?? 0) + 1;
  }

  settled(phase: number, fate: Fate): void {
    const fates = this.#fates[phase] as Map<Fate, number>;
    fates.set(fate, (fates.get(fate) ?? 0) + 1);
  }

  result(camera: number, phase: number, latencyMs: number): void {
    this.settled(phase, 'result');
    const counts = this.#results[phase] as Uint32Array;
    counts[camera] = (counts[camera] ?? 0) + 1;
    (this.#latenciesMs[phase] as number[]).push(latencyMs);
  }

  /** A worker was busy for this long, perhaps across phases. */
  busy(fromMs: number, untilMs: number): void {
    this.#spread(this.#busyMs, fromMs, untilMs, 1);
  }

  /** This many workers were up for this long. */
  up(workers: number, fromMs: number, untilMs: number): void {
    this.#spread(this.#workerMs, fromMs, untilMs, workers);
  }

  /** One result per phase, without the first. @param serviceMs mean time of a frame on a worker. */
  phases(serviceMs: number): PhaseResult[] {
    return this.#phases.map((phase, index) => this.#resultOf(phase, index, serviceMs)).slice(1);
  }

  /** Frames offered, and frames with a fate, over all phases. */
  totals(): { readonly offered: number; readonly settled: number } {
    const offered = this.#offered.reduce((sum, counts) => sum + total(counts), 0);
    return { offered, settled: this.#fates.reduce((sum, fates) => sum + total(fates.values()), 0) };
  }

  #resultOf({ name, fromMs, untilMs }: Phase, index: number, serviceMs: number): PhaseResult {
    const [offered, results] = [this.#offered[index] as Uint32Array, this.#results[index] as Uint32Array];
    const offeredFrames = total(offered);
    const workerMs = this.#workerMs[index] ?? 0;
    const latenciesMs = Float64Array.from(this.#latenciesMs[index] as number[]).sort();
    return {
      ...{ phase: name, seconds: (untilMs - fromMs) / 1000, offered: offeredFrames },
      fates: Object.fromEntries(this.#fates[index] as Map<Fate, number>),
      utilization: (this.#busyMs[index] ?? 0) / workerMs,
      ofWhatFits: total(results) / Math.min(offeredFrames, workerMs / serviceMs),
      p50Ms: percentile(latenciesMs, 0.5),
      p99Ms: percentile(latenciesMs, 0.99),
      fairness: fairnessIndex(
        Array.from(offered, (count, camera) => ({ offered: count, results: results[camera] ?? 0 })),
      ),
    };
  }

  #spread(sums: number[], fromMs: number, untilMs: number, factor: number): void {
    for (const [index, phase] of this.#phases.entries()) {
      const overlapMs = Math.min(untilMs, phase.untilMs) - Math.max(fromMs, phase.fromMs);
      if (overlapMs > 0) sums[index] = (sums[index] ?? 0) + factor * overlapMs;
    }
  }
}

function total(counts: Iterable<number>): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}
