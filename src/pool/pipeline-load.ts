/** Load of each pipeline, and how many workers it may use. Pure: time is an argument. */
import { smooth } from '../statistics.ts';
import type { Capacity } from './executor.ts';

/** Limits set in a pipeline file. */
export interface PipelineRules {
  /** Maximum number of workers that run it at once. */
  readonly maxWorkers?: number;
  /** At most one frame in flight per session. */
  readonly sequential?: boolean;
}

interface Load {
  running: number;
  /** Smoothed time that a frame occupies a worker; undefined until one has ended. */
  serviceMs: number | undefined;
  /** Until when one of its sessions counts as active. */
  activeUntilMs: number;
}

/** Weight of the newest value in the smoothed service time. */
const smoothing = 0.2;
/** A running frame cannot be interrupted, so slower pipelines leave one worker to the others. */
const slowServiceMs = 100;

export class PipelineLoad {
  readonly #executors: readonly Capacity[];
  readonly #rules: ReadonlyMap<string, PipelineRules>;
  readonly #loads = new Map<string, Load>();

  constructor(executors: readonly Capacity[], rules: ReadonlyMap<string, PipelineRules>) {
    this.#executors = executors;
    this.#rules = rules;
  }

  isSequential(pipelineId: string): boolean {
    return this.#rules.get(pipelineId)?.sequential === true;
  }

  /** How long a frame occupies a worker, in milliseconds; 0 if unknown. */
  serviceMs(pipelineId: string): number {
    return this.#loads.get(pipelineId)?.serviceMs ?? 0;
  }

  /** Number of workers that can run the pipeline, busy or not. */
  capacityFor(pipelineId: string): number {
    return this.#executors.reduce(
      (sum, { pipelines, capacity }) => (pipelines.has(pipelineId) ? sum + capacity : sum),
      0,
    );
  }

  /** Number of workers that may run it at once. */
  maxRunning(pipelineId: string): number {
    return Math.min(this.capacityFor(pipelineId), this.#rules.get(pipelineId)?.maxWorkers ?? Number.POSITIVE_INFINITY);
  }

  /** Whether the pipeline may start another frame. */
  mayStart(pipelineId: string, nowMs: number): boolean {
    const load = this.#loads.get(pipelineId);
    if (load === undefined) return true;
    if (load.running >= this.maxRunning(pipelineId)) return false;
    if (load.running === 0 || (load.serviceMs !== undefined && load.serviceMs <= slowServiceMs)) return true;
    return load.running < this.capacityFor(pipelineId) - 1 || !this.#hasCompetitor(pipelineId, nowMs);
  }

  arrived(pipelineId: string, activeUntilMs: number): void {
    const load = this.#loadOf(pipelineId);
    load.activeUntilMs = Math.max(load.activeUntilMs, activeUntilMs);
  }

  started(pipelineId: string): void {
    this.#loadOf(pipelineId).running += 1;
  }

  /** @param serviceMs how long the frame occupied its worker; undefined if that is not representative. */
  ended(pipelineId: string, serviceMs: number | undefined): void {
    const load = this.#loadOf(pipelineId);
    load.running -= 1;
    if (serviceMs === undefined) return;
    load.serviceMs = smooth(load.serviceMs, serviceMs, smoothing);
  }

  /** Whether another active pipeline can run only on executors that this one also uses. */
  #hasCompetitor(pipelineId: string, nowMs: number): boolean {
    for (const [id, { activeUntilMs }] of this.#loads) {
      if (id === pipelineId || activeUntilMs < nowMs) continue;
      const capacityFor = this.#executors.filter(({ pipelines, capacity }) => capacity > 0 && pipelines.has(id));
      if (capacityFor.length > 0 && capacityFor.every(({ pipelines }) => pipelines.has(pipelineId))) return true;
    }
    return false;
  }

  #loadOf(pipelineId: string): Load {
    let load = this.#loads.get(pipelineId);
    if (load === undefined) {
      load = { running: 0, serviceMs: undefined, activeUntilMs: Number.NEGATIVE_INFINITY };
      this.#loads.set(pipelineId, load);
    }
    return load;
  }
}
