/** Simulates cameras with the gateway's own scheduler in simulated time, to see which frames get results and when. Tests only. */

import { jainIndex } from '../../src/load/tally.ts';
import type { Capacity } from '../../src/pool/executor.ts';
import type { PipelineRules } from '../../src/pool/pipeline-load.ts';
import { Scheduler, type Start } from '../../src/pool/scheduler.ts';
import type { Ticket } from '../../src/pool/ticket.ts';
import { seededRandom } from './seeded-random.ts';

/** A camera that sends at a fixed rate. */
export interface SimulatedCamera {
  readonly fps: number;
  readonly phaseMs?: number;
  /** Each frame is early or late by up to this much. */
  readonly jitterMs?: number;
  /** Frames per burst; the interval between bursts keeps the rate. */
  readonly burst?: number;
  readonly fromMs?: number;
  readonly untilMs?: number;
  readonly pipelineId?: string;
  /** Service time of its frames; default: the scene's. */
  readonly serviceMs?: number;
}

export interface Scene {
  readonly cameras: readonly SimulatedCamera[];
  readonly workers?: number;
  readonly serviceMs?: number;
  /** Maximum relative deviation of a frame's service time. */
  readonly serviceVariation?: number;
  readonly maxWaitMs?: number;
  readonly durationMs?: number;
  /** Frames that arrive before this are not counted. */
  readonly settleMs?: number;
  readonly rules?: ReadonlyMap<string, PipelineRules>;
  readonly seed?: number;
}

export interface CameraTally {
  sent: number;
  served: number;
  dropped: number;
  workerMs: number;
}

export interface Outcome {
  readonly cameras: readonly CameraTally[];
  readonly served: number;
  readonly offered: number;
  /** Time from a frame's arrival to its result, ascending. */
  readonly latenciesMs: readonly number[];
  /** Utilization of the workers, 0 to 1. */
  readonly busy: number;
  /** Jain index of the shares of frames with results, per session. */
  readonly jain: number;
  /** Violated invariants. */
  readonly violations: readonly string[];
  /** Maximum number of held frames at any time. */
  readonly peakHeld: number;
}

interface SimulatedFrame {
  readonly camera: number;
  readonly index: number;
  readonly arrivedMs: number;
  readonly pipelineId: string;
}

/** A number of simulated workers. */
class SimulatedExecutor implements Capacity {
  readonly generation: number = 1;
  readonly rank: number = 0;
  readonly pipelines: ReadonlySet<string>;
  readonly capacity: number;
  running = 0;

  constructor(capacity: number, pipelines: Iterable<string>) {
    this.capacity = capacity;
    this.pipelines = new Set(pipelines);
  }

  get free(): number {
    return this.capacity - this.running;
  }

  get idleShare(): number {
    return this.free / Math.max(1, this.capacity);
  }
}

type Entry = { readonly atMs: number; readonly order: number; readonly run: () => void };
type Step = Start<SimulatedFrame, SimulatedExecutor>;

const defaultPipeline = 'plates';

export function camerasOf(count: number, fps: number, camera: Partial<SimulatedCamera> = {}): SimulatedCamera[] {
  return Array.from({ length: count }, () => ({ fps, ...camera }));
}

/** Cameras at the same rate whose frames are distributed evenly over an interval. */
export function staggered(count: number, fps: number, camera: Partial<SimulatedCamera> = {}): SimulatedCamera[] {
  return camerasOf(count, fps, camera).map((each, index) => ({ ...each, phaseMs: (index * 1000) / fps / count }));
}

export function simulate(scene: Scene): Outcome {
  return new Simulation(scene).run();
}

/** The `q`-quantile of ascending values. */
export function quantile(values: readonly number[], q: number): number {
  return values[Math.min(values.length - 1, Math.floor(q * values.length))] ?? Number.NaN;
}

class Simulation {
  readonly #scene: Required<Omit<Scene, 'rules'>> & Pick<Scene, 'rules'>;
  readonly #random: () => number;
  readonly #executor: SimulatedExecutor;
  readonly #scheduler: Scheduler<SimulatedFrame, SimulatedExecutor>;
  readonly #agenda: Entry[] = [];
  readonly #tallies: CameraTally[];
  readonly #settled = new Set<string>();
  readonly #latenciesMs: number[] = [];
  readonly #violations: string[] = [];
  #nowMs = 0;
  #order = 0;
  #busyMs = 0;
  #peakHeld = 0;

  constructor(scene: Scene) {
    this.#scene = {
      ...{
        workers: 2,
        serviceMs: 15,
        serviceVariation: 0.15,
        maxWaitMs: 1000,
        durationMs: 30_000,
        settleMs: 2000,
        seed: 1,
      },
      ...scene,
    };
    this.#random = seededRandom(this.#scene.seed);
    const pipelines = scene.cameras.map(({ pipelineId = defaultPipeline }) => pipelineId);
    this.#executor = new SimulatedExecutor(this.#scene.workers, pipelines);
    this.#scheduler = new Scheduler({
      executors: [this.#executor],
      maxWaitMs: this.#scene.maxWaitMs,
      ...(scene.rules === undefined ? {} : { rules: scene.rules }),
    });
    this.#tallies = scene.cameras.map(() => ({ sent: 0, served: 0, dropped: 0, workerMs: 0 }));
  }

  run(): Outcome {
    const { cameras, durationMs, settleMs, workers } = this.#scene;
    for (const [index, camera] of cameras.entries()) this.#schedule(index, camera);
    for (let entry = this.#pop(); entry !== undefined; entry = this.#pop()) {
      this.#nowMs = entry.atMs;
      entry.run();
      this.#check();
    }
    const sent = this.#tallies.filter((tally) => tally.sent > 0);
    return {
      cameras: this.#tallies,
      served: sent.reduce((sum, tally) => sum + tally.served, 0),
      offered: sent.reduce((sum, tally) => sum + tally.sent, 0),
      latenciesMs: this.#latenciesMs.sort((a, b) => a - b),
      busy: this.#busyMs / (workers * (durationMs - settleMs)),
      jain: jainIndex(sent.map((tally) => tally.served / tally.sent)),
      violations: this.#violations,
      peakHeld: this.#peakHeld,
    };
  }

  #schedule(index: number, camera: SimulatedCamera): void {
    const { fps, phaseMs = 0, jitterMs = 1, burst = 1, fromMs = 0, untilMs = this.#scene.durationMs } = camera;
    const intervalMs = (1000 * burst) / fps;
    let frame = 0;
    this.#at(fromMs, () => this.#scheduler.open(String(index)));
    for (let atMs = fromMs + phaseMs; atMs < untilMs; atMs += intervalMs) {
      for (let of = 0; of < burst; of++) {
        const number = frame++;
        this.#at(Math.max(fromMs, atMs + jitterMs * (2 * this.#random() - 1)), () =>
          this.#arrive(index, number, camera),
        );
      }
    }
  }

  #arrive(camera: number, index: number, { pipelineId = defaultPipeline }: SimulatedCamera): void {
    const frame = { camera, index, arrivedMs: this.#nowMs, pipelineId };
    if (this.#isCounted(frame)) (this.#tallies[camera] as CameraTally).sent += 1;
    const decision = this.#scheduler.arrive(String(camera), frame, this.#nowMs);
    if (decision.type === 'start') this.#begin(decision);
    else if (decision.type === 'drop') this.#drop(frame);
    else {
      if (decision.displaced !== undefined) this.#drop(decision.displaced.frame);
      this.#peakHeld = Math.max(this.#peakHeld, this.#scheduler.held);
      this.#at(decision.ticket.holdEndMs, () => this.#expire());
    }
  }

  #begin({ ticket, executor }: Step): void {
    const { frame } = ticket;
    if (this.#nowMs > ticket.holdEndMs) this.#violations.push(`held ${this.#nowMs - ticket.arrivedMs} ms`);
    const { serviceMs, serviceVariation } = this.#scene;
    const defaultMs = this.#scene.cameras[frame.camera]?.serviceMs ?? serviceMs;
    const tookMs = defaultMs * (1 + serviceVariation * (2 * this.#random() - 1));
    executor.running += 1;
    this.#at(this.#nowMs + tookMs, () => {
      executor.running -= 1;
      this.#finish(frame, tookMs, ticket);
    });
  }

  #finish(frame: SimulatedFrame, tookMs: number, ticket: Ticket<SimulatedFrame>): void {
    this.#recordOutcome(frame);
    if (this.#isCounted(frame)) {
      const tally = this.#tallies[frame.camera] as CameraTally;
      tally.served += 1;
      tally.workerMs += tookMs;
      this.#latenciesMs.push(this.#nowMs - frame.arrivedMs);
      this.#busyMs += tookMs;
    }
    this.#scheduler.ended(ticket, { type: 'result', text: '', timings: {} }, this.#nowMs);
    this.#startHeld();
  }

  #startHeld(): void {
    for (
      let start = this.#scheduler.next(this.#nowMs);
      start !== undefined;
      start = this.#scheduler.next(this.#nowMs)
    ) {
      this.#begin(start);
    }
  }

  #expire(): void {
    for (const { frame } of this.#scheduler.expire(this.#nowMs)) this.#drop(frame);
    this.#startHeld();
  }

  #drop(frame: SimulatedFrame): void {
    this.#recordOutcome(frame);
    if (this.#isCounted(frame)) (this.#tallies[frame.camera] as CameraTally).dropped += 1;
  }

  #recordOutcome({ camera, index }: SimulatedFrame): void {
    const key = `${camera} ${index}`;
    if (this.#settled.has(key)) this.#violations.push(`frame ${key} has two outcomes`);
    this.#settled.add(key);
  }

  #check(): void {
    if (this.#scheduler.held > 0 && this.#executor.free > 0 && this.#scene.rules === undefined) {
      this.#violations.push(`a worker is idle while a frame is held at ${this.#nowMs}`);
    }
  }

  #isCounted({ arrivedMs }: SimulatedFrame): boolean {
    return arrivedMs >= this.#scene.settleMs;
  }

  /** A binary heap, ordered by time, then by order of scheduling. */
  #at(atMs: number, run: () => void): void {
    const entry = { atMs, order: this.#order++, run };
    const heap = this.#agenda;
    let position = heap.push(entry) - 1;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      if (isEarlier(heap[parent] as Entry, entry)) break;
      heap[position] = heap[parent] as Entry;
      position = parent;
    }
    heap[position] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#agenda;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let position = 0;
    for (let child = 1; child < heap.length; child = 2 * position + 1) {
      if (child + 1 < heap.length && isEarlier(heap[child + 1] as Entry, heap[child] as Entry)) child += 1;
      if (isEarlier(last, heap[child] as Entry)) break;
      heap[position] = heap[child] as Entry;
      position = child;
    }
    heap[position] = last;
    return first;
  }
}

function isEarlier(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
