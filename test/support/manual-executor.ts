/** A pool whose frames end when the test says so. Tests only. */
import type { Test } from 'tap';
import type { Executor, StartedFrame } from '../../src/pool/executor.ts';
import { FrameSlots } from '../../src/pool/frame-slots.ts';
import type { FrameOutcome } from '../../src/pool/messages.ts';
import { Pool, type PoolOptions } from '../../src/pool/pool.ts';
import { KeptLog, sourceOf } from './started-pool.ts';

/** Runs frames until the test ends them. */
export class ManualExecutor implements Executor {
  readonly generation: number = 1;
  readonly rank: number = 0;
  readonly pipelines: ReadonlySet<string>;
  capacity: number;
  readonly started: StartedFrame[] = [];
  readonly deadlines: number[] = [];
  readonly #running = new Map<number, { frame: StartedFrame; end: (outcome: FrameOutcome) => void }>();

  constructor(capacity: number, ...pipelines: string[]) {
    this.capacity = capacity;
    this.pipelines = new Set(pipelines);
  }

  get free(): number {
    return this.capacity - this.#running.size;
  }

  get idleShare(): number {
    return this.free / Math.max(1, this.capacity);
  }

  run(frame: StartedFrame, deadlineMs: number): Promise<FrameOutcome> {
    this.started.push(frame);
    this.deadlines.push(deadlineMs);
    return new Promise((end) => this.#running.set(frame.frameIndex, { frame, end }));
  }

  async end(frameIndex: number, outcome: FrameOutcome = resultOf(frameIndex)): Promise<void> {
    const running = this.#running.get(frameIndex);
    if (running === undefined) throw new Error(`frame ${frameIndex} is not running here`);
    this.#running.delete(frameIndex);
    running.frame.slot.release();
    running.end(outcome);
    await Promise.resolve();
  }

  async endAll(): Promise<void> {
    for (const frameIndex of [...this.#running.keys()]) await this.end(frameIndex);
  }

  status() {
    return { ready: this.capacity, busy: this.#running.size, timedOut: 0, reports: [] };
  }

  async stop(): Promise<boolean> {
    return this.#running.size === 0;
  }
}

export function resultOf(frameIndex: number): FrameOutcome {
  return { type: 'result', text: `{"frame":${frameIndex}}`, timings: {} };
}

/** A pool with manual executors; `outcomes` by frame index. */
export function poolOf(t: Test, executors: ManualExecutor[], options: Partial<PoolOptions> = {}) {
  const slots = new FrameSlots(10_000);
  const loads: string[] = [];
  const pool = new Pool({
    executors,
    poolWorkers: executors.reduce((sum, { capacity }) => sum + capacity, 0),
    slots,
    maxHeldBytes: 8500,
    rules: new Map(),
    maxWaitMs: 60_000,
    frameTimeoutMs: 60_000,
    load: (pipelineId) => loads.push(pipelineId),
    canRun: () => true,
    log: new KeptLog().log,
    ...options,
  });
  t.teardown(() => pool.stop(0));
  const outcomes = new Map<number, FrameOutcome>();
  const offer = (sessionId: string, frameIndex: number, pipelineId = 'plates', bytes = Uint8Array.of(frameIndex)) => {
    pool.offer(sessionId, { source: sourceOf(pipelineId, sessionId), frameIndex, bytes }, (outcome) => {
      if (outcomes.has(frameIndex)) throw new Error(`frame ${frameIndex} has two outcomes`);
      outcomes.set(frameIndex, outcome);
    });
  };
  return { pool, slots, loads, outcomes, offer };
}
