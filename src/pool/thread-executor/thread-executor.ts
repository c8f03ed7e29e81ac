/** Worker threads of this process that all load the same pipelines: their lifecycle, deadlines and replacement. Main thread. */
import { ConfigError } from '../../errors.ts';
import type { Log } from '../../observe/log.ts';
import type { Executor, ExecutorStatus, StartedFrame } from '../executor.ts';
import type { FrameOutcome, WorkerSetup } from '../messages.ts';
import { WorkerHandle } from './worker-handle.ts';

export interface ThreadLimits {
  /** Objects that a thread may keep, in megabytes. */
  readonly maxHeapMegabytes: number;
  /** A thread that does not come back so long after its frame timed out is ended. */
  readonly maxStuckMs: number;
}

export interface ThreadExecutorOptions {
  /** What every thread is started with. */
  readonly setup: WorkerSetup;
  /** Ids of the pipelines of `setup`. */
  readonly pipelines: ReadonlySet<string>;
  readonly limits: ThreadLimits;
  readonly log: Log;
  /** Called when it can run more than before without a frame having ended. */
  readonly capacityChanged: () => void;
}

/** A replacement that dies before it has had a frame is tried again after this, doubled each time, up to the longest. */
const minRetryMs = 200;
const maxRetryMs = 30_000;
/** A stuck thread that is in native code just now is looked at again after this. */
const stuckRetryMs = 100;

/** Characters of what a tool prints at once that reach the log. */
const maxPrintedLength = 2000;

export class ThreadExecutor implements Executor {
  readonly pipelines: ReadonlySet<string>;
  readonly #options: ThreadExecutorOptions;
  readonly #workers = new Set<WorkerHandle>();
  /** Workers that it should have. */
  #size = 0;
  #retryMs = minRetryMs;
  /** Settles when the last thread has ended; there once it stops. */
  #stopped: PromiseWithResolvers<void> | undefined;
  /** Settles when there are no more workers than there should be; there while there are. */
  #shrunk: PromiseWithResolvers<void> | undefined;
  #deadlineTimer: NodeJS.Timeout | undefined;

  constructor(options: ThreadExecutorOptions) {
    this.#options = options;
    this.pipelines = options.pipelines;
  }

  /** Once true, it stays so: it starts nothing more. */
  get isStopping(): boolean {
    return this.#stopped !== undefined;
  }

  get capacity(): number {
    return this.isStopping ? 0 : this.#serving;
  }

  /** Workers that have their models, whether they go on or are about to stop. */
  get #serving(): number {
    return this.#count('idle') + this.#count('busy');
  }

  get free(): number {
    return this.isStopping ? 0 : this.#count('idle');
  }

  /**
   * Starts one worker more. Settles when it is ready.
   * @throws ConfigError when it cannot be set up; then it is as if it had not been asked for.
   */
  async grow(): Promise<void> {
    if (this.isStopping) throw new ConfigError(['the workers are being stopped']);
    this.#size += 1;
    const booted = Promise.withResolvers<void>();
    this.#spawn(booted);
    await booted.promise;
  }

  /** Takes one worker out of service, after its frame if all have one. Settles when that is done. */
  shrink(): Promise<void> {
    this.#size -= 1;
    this.#shrunk ??= Promise.withResolvers<void>();
    const { promise } = this.#shrunk;
    this.#idleWorker()?.stop();
    this.#settleWhenShrunk();
    return promise;
  }

  /** Comes to this number of workers, and keeps trying where one cannot be set up. */
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

  /** The one that became idle last, since its caches are the warmest. */
  #idleWorker(): WorkerHandle | undefined {
    let warmest: WorkerHandle | undefined;
    for (const worker of this.#workers) {
      if (worker.kind === 'idle' && worker.idleSinceMs >= (warmest?.idleSinceMs ?? 0)) warmest = worker;
    }
    return warmest;
  }

  #count(kind: WorkerHandle['kind']): number {
    let count = 0;
    for (const worker of this.#workers) if (worker.kind === kind) count += 1;
    return count;
  }

  #spawn(booted?: PromiseWithResolvers<void>): void {
    const worker = new WorkerHandle(this.#options.setup, this.#options.limits.maxHeapMegabytes, {
      ready: (ready) => {
        this.#becameIdle(ready);
        booted?.resolve();
        this.#options.capacityChanged();
      },
      idle: (idle) => {
        this.#retryMs = minRetryMs;
        this.#becameIdle(idle);
      },
      exited: (exited, error) => this.#exited(exited, error, booted),
      bootFailed: (_failed, issues) => {
        this.#options.log.error({ issues }, 'worker cannot start');
        booted?.reject(new ConfigError(issues));
      },
      printed: (text) => this.#options.log.info({ text: text.slice(0, maxPrintedLength).trimEnd() }, 'tool printed'),
    });
    this.#workers.add(worker);
  }

  /** A worker without a frame: it stays, unless it is not needed any more. */
  #becameIdle(worker: WorkerHandle): void {
    if (this.isStopping || this.#serving > this.#size) worker.stop();
    this.#settleWhenShrunk();
  }

  #exited(worker: WorkerHandle, error: Error | undefined, booted: PromiseWithResolvers<void> | undefined): void {
    this.#workers.delete(worker);
    if (error !== undefined) this.#options.log.error({ err: error }, 'worker exited unexpectedly');
    this.#settleWhenEmpty();
    this.#settleWhenShrunk();
    // A thread that dies before it has had a frame dies of itself: the next one does the same, and must not do so all the time.
    if (worker.hasRun) this.#replenish();
    else if (booted === undefined || worker.report !== undefined) this.#replenishLater();
    else this.#size -= 1;
    booted?.reject(new ConfigError([error?.message ?? 'a worker thread ended before it was ready'], { cause: error }));
  }

  /**
   * Brings the workers back to their number. Threads that timed out still hold a core, so at most as many as there should be workers
   * are replaced: beyond that there are fewer, and `/readyz` shows it.
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
   * One timer, for the first deadline: the others are later, or it is set anew. Where this thread stood still, timers run before the messages
   * that have come meanwhile; an answer among them is in time, so they are read first.
   */
  #armDeadline(deadlineMs: number): void {
    if (!Number.isFinite(deadlineMs)) return;
    const readFirst = () => setImmediate(() => this.#expire());
    this.#deadlineTimer ??= setTimeout(readFirst, Math.max(0, deadlineMs - performance.now()));
  }

  #expire(): void {
    this.#deadlineTimer = undefined;
    const nowMs = performance.now();
    for (const worker of this.#workers) {
      if (worker.deadlineMs > nowMs) continue;
      this.#options.log.error('frame timed out; worker taken out of service');
      worker.expire();
      this.#terminateWhenStuck(worker, this.#options.limits.maxStuckMs);
      this.#replenish();
    }
    this.#settleWhenShrunk();
    this.#armDeadline(Math.min(...[...this.#workers].map(({ deadlineMs }) => deadlineMs)));
  }

  /** A loop without an end would keep its core, and in the end the whole pool. */
  #terminateWhenStuck(worker: WorkerHandle, afterMs: number): void {
    setTimeout(() => {
      if (worker.kind !== 'timed_out') return;
      if (worker.terminateStuck()) this.#options.log.error('stuck thread terminated');
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
