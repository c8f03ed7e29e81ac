/** Worker threads of this process with the same pipelines: lifecycle, deadlines, and replacement. Main thread. */
import type { EngineLinks } from '../../engine-link.ts';
import { ConfigError } from '../../errors.ts';
import type { Log } from '../../observe/log.ts';
import type { Observer } from '../../observe/observer.ts';
import type { Executor, ExecutorStatus, StartedFrame } from '../executor.ts';
import type { FrameOutcome, WorkerSetup } from '../messages.ts';
import { WorkerHandle, type WorkerKind } from './worker-handle.ts';

export interface ThreadLimits {
  /** JavaScript heap per thread, in megabytes. */
  readonly maxHeapMegabytes: number;
  /** A thread still running this long after its frame timed out is terminated. */
  readonly maxStuckMs: number;
}

export interface ThreadExecutorOptions {
  /** Startup parameters of every thread. */
  readonly setup: WorkerSetup;
  /** See {@link Executor}. */
  readonly generation: number;
  /** Ids of the pipelines of `setup`. */
  readonly pipelines: ReadonlySet<string>;
  readonly limits: ThreadLimits;
  /** Engines of accelerators; undefined if there are none. */
  readonly engines?: EngineLinks | undefined;
  readonly log: Log;
  readonly observer: Observer;
  /** Called when capacity has increased other than by the end of a frame. */
  readonly capacityChanged: () => void;
}

/** A replacement that exits before its first frame is retried after this time, doubled on each attempt up to the maximum. */
const minRetryMs = 200;
const maxRetryMs = 30_000;
/** A stuck thread that is in native code is checked again after this time. */
const stuckRetryMs = 100;

/** Maximum characters of one tool output that are written to the log. */
const maxPrintedLength = 2000;

export class ThreadExecutor implements Executor {
  readonly pipelines: ReadonlySet<string>;
  readonly generation: number;
  readonly rank = 0;
  readonly #options: ThreadExecutorOptions;
  readonly #workers = new Set<WorkerHandle>();
  /** Target number of workers. */
  #size = 0;
  #retryMs = minRetryMs;
  /** Resolves when the last thread has ended; set once the executor stops. */
  #stopped: PromiseWithResolvers<void> | undefined;
  /** Resolves when there are no more workers than the target; set while there are more. */
  #shrunk: PromiseWithResolvers<void> | undefined;
  #deadlineTimer: NodeJS.Timeout | undefined;
  /** When the timer fires. */
  #armedForMs = Number.POSITIVE_INFINITY;

  constructor(options: ThreadExecutorOptions) {
    this.#options = options;
    this.pipelines = options.pipelines;
    this.generation = options.generation;
  }

  /** Never becomes false again: from then on, no frame is started. */
  get isStopping(): boolean {
    return this.#stopped !== undefined;
  }

  get capacity(): number {
    return this.isStopping ? 0 : this.#serving;
  }

  /** Workers with models loaded, including those about to stop. */
  get #serving(): number {
    return this.#count('idle') + this.#count('busy');
  }

  get free(): number {
    return this.isStopping ? 0 : this.#count('idle');
  }

  get idleShare(): number {
    return this.free === 0 ? 0 : this.free / this.#serving;
  }

  /**
   * Starts another worker. Resolves when it is ready.
   * @throws ConfigError if it cannot start; the target size is then unchanged.
   */
  async grow(): Promise<void> {
    if (this.isStopping) throw new ConfigError(['workers are being stopped']);
    this.#size += 1;
    const booted = Promise.withResolvers<void>();
    this.#spawn(booted);
    await booted.promise;
  }

  /** Removes one worker, after its current frame if all are busy. Resolves when it is done. */
  shrink(): Promise<void> {
    this.#size -= 1;
    this.#shrunk ??= Promise.withResolvers<void>();
    const { promise } = this.#shrunk;
    this.#idleWorker()?.stop();
    this.#settleWhenShrunk();
    return promise;
  }

  /** Sets the number of workers, and keeps retrying if one cannot start. */
  resize(size: number): void {
    this.#size = size;
    this.#replenish();
  }

  run(frame: StartedFrame, deadlineMs: number): Promise<FrameOutcome> {
    const worker = this.#idleWorker();
    if (worker === undefined) {
      frame.slot.release();
      return Promise.resolve({ type: 'dropped', reason: 'busy' });
    }
    return new Promise((resolve) => {
      worker.start(frame, deadlineMs, resolve);
      this.#armDeadline(deadlineMs);
    });
  }

  status(): ExecutorStatus {
    return {
      ready: this.#serving,
      busy: this.#count('busy'),
      timedOut: this.#count('timed_out'),
      reports: [...this.#workers].flatMap(({ kind, report }) =>
        kind === 'idle' || kind === 'busy' ? (report ?? []) : [],
      ),
    };
  }

  async stop(graceMs?: number): Promise<boolean> {
    this.#stopped ??= Promise.withResolvers<void>();
    for (const worker of this.#workers) worker.stop();
    this.#settleWhenEmpty();
    const grace = Promise.withResolvers<void>();
    const graceTimer = graceMs === undefined ? undefined : setTimeout(grace.resolve, graceMs);
    await Promise.race([this.#stopped.promise, grace.promise]);
    clearTimeout(graceTimer);
    clearTimeout(this.#deadlineTimer);
    return this.#workers.size === 0;
  }

  /** The most recently used idle worker, since its caches are the warmest. */
  #idleWorker(): WorkerHandle | undefined {
    let warmest: WorkerHandle | undefined;
    for (const worker of this.#workers) {
      if (worker.kind === 'idle' && worker.idleSinceMs >= (warmest?.idleSinceMs ?? 0)) warmest = worker;
    }
    return warmest;
  }

  #count(kind: WorkerKind): number {
    let count = 0;
    for (const worker of this.#workers) if (worker.kind === kind) count += 1;
    return count;
  }

  #spawn(booted?: PromiseWithResolvers<void>): void {
    const { observer, log, setup, engines, limits } = this.#options;
    const spawnedMs = performance.now();
    const worker = new WorkerHandle(
      setup,
      { maxHeapMegabytes: limits.maxHeapMegabytes, engines },
      {
        ready: (ready, providerErrors) => {
          for (const error of providerErrors)
            log.warn('provider_unavailable', { ...error }, 'execution provider not used');
          this.#becameIdle(ready);
          booted?.resolve();
          observer.emit('workerReady', { bootMs: performance.now() - spawnedMs, pipelines: [...this.pipelines] });
          this.#options.capacityChanged();
        },
        idle: (idle) => {
          this.#retryMs = minRetryMs;
          this.#becameIdle(idle);
        },
        linked: () => this.#options.capacityChanged(),
        exited: (exited, error, frame) => {
          if (error !== undefined) observer.emit('workerExited', { error, frame });
          this.#exited(exited, error, booted);
        },
        bootFailed: (_failed, issues) => {
          log.error('worker_boot_failed', { pipelines: [...this.pipelines], issues }, 'worker cannot start');
          booted?.reject(new ConfigError(issues));
        },
        printed: (text) => {
          log.info('tool_output', { text: text.slice(0, maxPrintedLength).trimEnd() }, 'tool printed');
        },
      },
    );
    this.#workers.add(worker);
  }

  /** Called for a worker without a frame: stops it if there are too many. */
  #becameIdle(worker: WorkerHandle): void {
    if (this.isStopping || this.#serving > this.#size) worker.stop();
    this.#settleWhenShrunk();
  }

  #exited(worker: WorkerHandle, error: Error | undefined, booted: PromiseWithResolvers<void> | undefined): void {
    this.#workers.delete(worker);
    this.#settleWhenEmpty();
    this.#settleWhenShrunk();
    // A thread that exits before its first frame would do so again, so its replacement is delayed.
    if (worker.hasRun) this.#replenish();
    else if (booted === undefined || worker.report !== undefined) this.#replenishLater();
    else this.#size -= 1;
    booted?.reject(new ConfigError([error?.message ?? 'worker thread exited before it was ready'], { cause: error }));
  }

  /**
   * Restores the number of workers. Threads that timed out still use a core, so at most as many as the target size are replaced. Beyond
   * that, there are fewer workers, and `/readyz` shows it.
   */
  #replenish(): void {
    if (this.isStopping) return;
    const targetThreads = this.#size + Math.min(this.#count('timed_out'), this.#size);
    while (this.#workers.size - this.#count('stopping') < targetThreads) this.#spawn();
  }

  #replenishLater(): void {
    if (this.isStopping) return;
    setTimeout(() => this.#replenish(), this.#retryMs).unref();
    this.#retryMs = Math.min(maxRetryMs, this.#retryMs * 2);
  }

  /**
   * One timer, for the earliest deadline; it is set again when it fires. If this thread was blocked, timers run before messages that have
   * arrived meanwhile. A result among those is in time, so messages are read first.
   */
  #armDeadline(deadlineMs: number): void {
    if (deadlineMs >= this.#armedForMs) return;
    clearTimeout(this.#deadlineTimer);
    this.#armedForMs = deadlineMs;
    const readFirst = () => setImmediate(() => this.#expire());
    this.#deadlineTimer = setTimeout(readFirst, Math.max(0, deadlineMs - performance.now()));
  }

  #expire(): void {
    this.#armedForMs = Number.POSITIVE_INFINITY;
    const nowMs = performance.now();
    for (const worker of this.#workers) {
      if (worker.deadlineMs > nowMs) continue;
      if (worker.frame !== undefined) this.#options.observer.emit('frameTimedOut', worker.frame);
      worker.expire();
      this.#terminateWhenStuck(worker, this.#options.limits.maxStuckMs);
      this.#replenish();
    }
    this.#settleWhenShrunk();
    this.#armDeadline(Math.min(...[...this.#workers].map(({ deadlineMs }) => deadlineMs)));
  }

  /** An endless loop would keep its core, and eventually block the whole pool. */
  #terminateWhenStuck(worker: WorkerHandle, afterMs: number): void {
    setTimeout(() => {
      if (worker.kind !== 'timed_out') return;
      if (worker.terminateStuck()) this.#options.observer.emit('workerTerminated');
      else this.#terminateWhenStuck(worker, stuckRetryMs);
    }, afterMs).unref();
  }

  #settleWhenShrunk(): void {
    if (this.#serving > this.#size) return;
    this.#shrunk?.resolve();
    this.#shrunk = undefined;
  }

  #settleWhenEmpty(): void {
    if (this.#workers.size === 0) this.#stopped?.resolve();
  }
}
