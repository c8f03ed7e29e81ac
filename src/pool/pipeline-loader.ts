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
  readonly #requested: Set<string>;
  readonly #failedAtMs = new Map<string, number>();
  /** Also until the first workers are ready: what is asked for meanwhile comes next. */
  #isLoading = true;

  /** @param first pipelines that are there from the start. */
  constructor(first: Iterable<string>, options: PipelineLoaderOptions) {
    this.#options = options;
    this.#requested = new Set(first);
    this.#current = options.executorFor(new Set(this.#requested));
    options.executors.push(this.#current);
  }

  /** Starts the workers. Settles when all are ready. @throws ConfigError when one cannot be set up. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.workers }, () => this.#current.grow()));
    void this.#loadRequested();
  }

  /** Asks for a pipeline; nothing happens where it is loaded or on its way. */
  load(pipelineId: string): void {
    if (this.#requested.has(pipelineId)) return;
    const failedAtMs = this.#failedAtMs.get(pipelineId) ?? Number.NEGATIVE_INFINITY;
    if (performance.now() - failedAtMs < retryAfterMs) return;
    this.#requested.add(pipelineId);
    if (!this.#isLoading) void this.#loadRequested();
  }

  /** One after the other, so that one that cannot be loaded keeps no other from it. */
  async #loadRequested(): Promise<void> {
    this.#isLoading = true;
    for (let id = this.#nextRequested(); id !== undefined; id = this.#nextRequested()) await this.#loadOne(id);
    this.#isLoading = false;
  }

  #nextRequested(): string | undefined {
    if (this.#current.isStopping) return undefined;
    return [...this.#requested].find((id) => !this.#current.pipelines.has(id));
  }

  async #loadOne(pipelineId: string): Promise<void> {
    const { log } = this.#options;
    const startedAtMs = performance.now();
    try {
      await this.#replaceWorkers(new Set([...this.#current.pipelines, pipelineId]));
      log.info({ pipelineId, ms: Math.round(performance.now() - startedAtMs) }, 'pipeline loaded');
    } catch (err) {
      if (!this.#current.isStopping) log.error({ err, pipelineId }, 'pipeline cannot be loaded');
      this.#requested.delete(pipelineId);
      this.#failedAtMs.set(pipelineId, performance.now());
    }
  }

  /** @throws ConfigError when a worker of the new set cannot be set up; then the old set comes back to its number. */
  async #replaceWorkers(pipelineIds: ReadonlySet<string>): Promise<void> {
    const { executors, workers, executorFor } = this.#options;
    const old = this.#current;
    const replacement = executorFor(pipelineIds);
    executors.push(replacement);
    try {
      for (let replaced = 0; replaced < workers; replaced++) {
        await replacement.grow();
        await old.shrink();
      }
      this.#current = replacement;
      this.#retire(old);
    } catch (error) {
      this.#retire(replacement);
      old.resize(workers);
      throw error;
    }
  }

  /** It stays among the executors while it has threads that have not come back, so that a shutdown waits for them. */
  #retire(executor: ThreadExecutor): void {
    const { executors } = this.#options;
    void executor.stop().then(() => executors.splice(executors.indexOf(executor), 1));
  }
}
