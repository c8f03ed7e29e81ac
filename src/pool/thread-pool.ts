/** The pool of local worker threads: takes frames, watches deadlines, replaces threads that die or hang. Main thread. */
import { SetupError } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import { FairShare } from './fair-share.ts';
import type { FrameOutcome } from './messages.ts';
import type { Frame, Pool, PoolStatus, Verdict } from './pool.ts';
import { WorkerHandle } from './worker-handle.ts';

export interface ThreadPoolOptions {
  readonly poolWorkers: number;
  readonly maxFrameBytes: number;
  readonly frameTimeoutMs: number;
  readonly modelsDir: string;
  readonly providers: readonly string[];
  readonly log: Log;
  /** Who gets a free worker; fair shares unless told otherwise. */
  readonly shares?: FairShare;
}

/** Deadlines are looked at so often that a frame is at most this part of its time late. */
const deadlineChecksPerTimeout = 20;
const shortestCheckMs = 5;
/** A replacement that dies before it is ready is tried again after this, doubled each time, up to the longest. */
const firstRetryMs = 200;
const longestRetryMs = 30_000;

export class ThreadPool implements Pool {
  readonly #options: ThreadPoolOptions;
  readonly #shares: FairShare;
  readonly #workers = new Set<WorkerHandle>();
  /** Idle workers; the last one in is the first one out, since its caches are the warmest. */
  readonly #idle: WorkerHandle[] = [];
  readonly #deadlineTimer: NodeJS.Timeout;
  #retryMs = firstRetryMs;
  #stopping = false;
  readonly #started = Promise.withResolvers<void>();
  /** Settles when the last thread of a stopping pool has ended. */
  readonly #empty = Promise.withResolvers<void>();
  #everReady = false;

  private constructor(options: ThreadPoolOptions) {
    this.#options = options;
    this.#shares = options.shares ?? new FairShare();
    // Whoever needs to know awaits `started`; the log has the fault in any case.
    this.#started.promise.catch(() => undefined);
    const everyMs = Math.max(shortestCheckMs, options.frameTimeoutMs / deadlineChecksPerTimeout);
    this.#deadlineTimer = setInterval(() => this.#expireOverdue(performance.now()), everyMs);
    for (let i = 0; i < options.poolWorkers; i++) this.#spawn();
  }

  /** Starts the threads; they take frames as each becomes ready. */
  static start(options: ThreadPoolOptions): ThreadPool {
    return new ThreadPool(options);
  }

  /** Settles when every worker is ready for the first time. Rejects with a SetupError when one cannot be set up. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  openSession(sessionId: string): void {
    this.#shares.open(sessionId);
  }

  closeSession(sessionId: string): void {
    this.#shares.close(sessionId);
  }

  offer(sessionId: string, frame: Frame, done: (outcome: FrameOutcome) => void): Verdict {
    if (this.#stopping) return 'pool_full';
    const nowMs = performance.now();
    const verdict = this.#shares.arrive(sessionId, nowMs, this.#idle.length, this.#options.poolWorkers);
    if (verdict !== 'accepted') return verdict;
    const worker = this.#idle.pop() as WorkerHandle;
    this.#shares.taken(sessionId, nowMs);
    worker.start(frame, nowMs, (outcome) => {
      // A frame that failed or ran out of time says nothing about how long frames take.
      this.#shares.answered(sessionId, outcome.type === 'result' ? performance.now() - nowMs : undefined);
      this.#deliver(outcome, done);
    });
    return verdict;
  }

  status(): PoolStatus {
    const workers = [...this.#workers];
    const count = (kind: WorkerHandle['kind']) => workers.filter((worker) => worker.kind === kind).length;
    const busy = count('busy');
    const serving = workers.filter((worker) => worker.kind === 'idle' || worker.kind === 'busy');
    return {
      size: this.#options.poolWorkers,
      ready: serving.length,
      busy,
      overdue: count('overdue'),
      inFlight: this.#shares.inFlight,
      sessions: this.#shares.sessions,
      reports: serving.flatMap((worker) => worker.report ?? []),
    };
  }

  async stop(graceMs: number): Promise<boolean> {
    this.#stopping = true;
    for (const worker of this.#workers) worker.stop();
    this.#settleWhenEmpty();
    let graceTimer: NodeJS.Timeout | undefined;
    const outOfGrace = new Promise<void>((resolve) => {
      graceTimer = setTimeout(resolve, graceMs);
    });
    await Promise.race([this.#empty.promise, outOfGrace]);
    clearTimeout(graceTimer);
    clearInterval(this.#deadlineTimer);
    return this.#workers.size === 0;
  }

  /** Whoever asked must not be able to disturb the pool. */
  #deliver(outcome: FrameOutcome, done: (outcome: FrameOutcome) => void): void {
    try {
      done(outcome);
    } catch (err) {
      this.#options.log.error({ err }, 'an answer could not be delivered');
    }
  }

  #spawn(): void {
    const { modelsDir, providers, maxFrameBytes } = this.#options;
    const worker = new WorkerHandle({ modelsDir, providers }, maxFrameBytes, {
      ready: (ready) => this.#joined(ready),
      idle: (idle) => this.#returned(idle),
      gone: (gone, fault) => this.#lost(gone, fault),
      bootFailed: (_failed, faults) => this.#bootFailed(faults),
    });
    this.#workers.add(worker);
  }

  #joined(worker: WorkerHandle): void {
    this.#retryMs = firstRetryMs;
    this.#returned(worker);
    if (this.status().ready === this.#options.poolWorkers && !this.#everReady) {
      this.#everReady = true;
      this.#started.resolve();
    }
  }

  #returned(worker: WorkerHandle): void {
    if (this.#stopping) worker.stop();
    else this.#idle.push(worker);
  }

  #bootFailed(faults: readonly string[]): void {
    this.#options.log.error({ faults }, 'a worker cannot be set up');
    this.#started.reject(new SetupError(faults));
  }

  #lost(worker: WorkerHandle, fault: Error | undefined): void {
    this.#workers.delete(worker);
    const place = this.#idle.indexOf(worker);
    if (place !== -1) this.#idle.splice(place, 1);
    if (fault !== undefined) this.#options.log.error({ err: fault }, 'a worker was lost');
    this.#settleWhenEmpty();
    if (worker.report !== undefined) this.#replenish();
    else if (this.#everReady) this.#replenishLater();
    else this.#started.reject(new SetupError([fault?.message ?? 'a worker thread ended before it was ready']));
  }

  /**
   * Brings the pool back to its size. Threads that are overdue still hold a core, so at most as many as the pool has workers
   * are replaced: beyond that it shrinks and `/readyz` shows it.
   */
  #replenish(): void {
    if (this.#stopping) return;
    const overdue = [...this.#workers].filter((worker) => worker.kind === 'overdue').length;
    const wanted = this.#options.poolWorkers + Math.min(overdue, this.#options.poolWorkers);
    while (this.#workers.size < wanted) this.#spawn();
  }

  #replenishLater(): void {
    if (this.#stopping) return;
    setTimeout(() => this.#replenish(), this.#retryMs).unref();
    this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2);
  }

  #expireOverdue(nowMs: number): void {
    for (const worker of this.#workers) {
      const { busySinceMs } = worker;
      if (busySinceMs === undefined || nowMs - busySinceMs < this.#options.frameTimeoutMs) continue;
      this.#options.log.error('a frame ran out of time; its worker is out of service');
      worker.expire();
      this.#replenish();
    }
  }

  #settleWhenEmpty(): void {
    if (this.#stopping && this.#workers.size === 0) this.#empty.resolve();
  }
}
