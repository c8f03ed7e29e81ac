/**
 * Loads pipelines that are first used while the gateway runs: a worker that has the larger set is started, one that has the smaller is
 * retired, one after the other, so that the pipelines that run are not interrupted. Main thread.
 */
import type { Log } from '../observe/log.ts';
import type { Executor } from './executor.ts';
import type { ThreadExecutor } from './thread-executor/thread-executor.ts';

export interface PipelineLoaderOptions {
  /** The pool's executors; the loader puts its own in and takes them out. */
  readonly executors: Executor[];
  /** Workers that run every loaded pipeline. */
  readonly workers: number;
  /** Makes an executor without workers for some pipelines. */
  readonly executorFor: (pipelineIds: ReadonlySet<string>) => ThreadExecutor;
  readonly log: Log;
}

/** A pipeline that could not be loaded is tried again when it is asked for after this time. */
const retryAfterMs = 30_000;

export class PipelineLoader {
  readonly #options: PipelineLoaderOptions;
  #current: ThreadExecutor;
  readonly #wanted: Set<string>;
  readonly #failedAtMs = new Map<string, number>();
  #isLoading = false;

  /** @param first pipelines that are there from the start. */
  constructor(first: Iterable<string>, options: PipelineLoaderOptions) {
    this.#options = options;
    this.#wanted = new Set(first);
    this.#current = options.executorFor(new Set(this.#wanted));
    options.executors.push(this.#current);
  }

  /** Starts the workers. Settles when all are ready. @throws SetupError when one cannot be set up. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.workers }, () => this.#current.grow()));
  }

  /** Asks for a pipeline; nothing happens where it is loaded or on its way. */
  load(pipelineId: string): void {
    const failedAtMs = this.#failedAtMs.get(pipelineId) ?? Number.NEGATIVE_INFINITY;
    if (this.#wanted.has(pipelineId) || performance.now() - failedAtMs < retryAfterMs) return;
    this.#wanted.add(pipelineId);
    if (!this.#isLoading) void this.#loadWanted();
  }

  async #loadWanted(): Promise<void> {
    const { log } = this.#options;
    this.#isLoading = true;
    for (let missing = this.#missing(); missing.length > 0; missing = this.#missing()) {
      const startedAtMs = performance.now();
      try {
        await this.#replaceWorkers();
        log.info({ pipelines: missing, ms: Math.round(performance.now() - startedAtMs) }, 'pipelines loaded');
      } catch (err) {
        if (!this.#current.isStopping) log.error({ err, pipelines: missing }, 'pipelines cannot be loaded');
        for (const id of this.#missing()) {
          this.#wanted.delete(id);
          this.#failedAtMs.set(id, performance.now());
        }
      }
    }
    this.#isLoading = false;
  }

  #missing(): string[] {
    return [...this.#wanted].filter((id) => !this.#current.pipelines.has(id));
  }

  /** @throws SetupError when a worker of the new set cannot be set up; then the old set is complete again. */
  async #replaceWorkers(): Promise<void> {
    const { executors, workers, executorFor } = this.#options;
    const old = this.#current;
    const fresh = executorFor(new Set(this.#wanted));
    executors.push(fresh);
    let replaced = 0;
    try {
      for (; replaced < workers; replaced++) {
        await fresh.grow();
        await old.shrink();
      }
      this.#current = fresh;
      this.#retire(old);
    } catch (error) {
      await Promise.allSettled(Array.from({ length: replaced }, () => old.grow()));
      this.#retire(fresh);
      throw error;
    }
  }

  /** It stays among the executors while it has threads that have not come back, so that a shutdown waits for them. */
  #retire(executor: ThreadExecutor): void {
    const { executors } = this.#options;
    void executor.stop().then(() => executors.splice(executors.indexOf(executor), 1));
  }
}
