/**
 * Loads pipelines on first use while the gateway runs. Workers are replaced one at a time: one with the larger set of pipelines is started,
 * then one with the smaller set is retired, so that running pipelines are not interrupted. Main thread.
 */
import type { Log } from '../observe/log.ts';
import type { Executor } from './executor.ts';
import type { ThreadExecutor } from './thread-executor/thread-executor.ts';

export interface PipelineLoaderOptions {
  /** The pool's executors; the loader adds and removes its own. */
  readonly executors: Executor[];
  /** Number of workers that run all loaded pipelines. */
  readonly workers: number;
  /** Creates an executor without workers for a set of pipelines. */
  readonly executorFor: (pipelineIds: ReadonlySet<string>) => ThreadExecutor;
  readonly log: Log;
}

/** Minimum time before another attempt to load a pipeline that failed to load. */
const retryAfterMs = 30_000;

export class PipelineLoader {
  readonly #options: PipelineLoaderOptions;
  #current: ThreadExecutor;
  readonly #requested: Set<string>;
  readonly #failedAtMs = new Map<string, number>();
  /** Also true until the first workers are ready; pipelines requested meanwhile are loaded next. */
  #isLoading = true;

  /** @param first pipelines loaded at startup. */
  constructor(first: Iterable<string>, options: PipelineLoaderOptions) {
    this.#options = options;
    this.#requested = new Set(first);
    this.#current = options.executorFor(new Set(this.#requested));
    options.executors.push(this.#current);
  }

  /** Starts the workers. Resolves when all are ready. @throws ConfigError if one cannot start. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.workers }, () => this.#current.grow()));
    void this.#loadRequested();
  }

  /** Requests a pipeline; does nothing if it is loaded or being loaded. */
  load(pipelineId: string): void {
    if (this.#requested.has(pipelineId)) return;
    const failedAtMs = this.#failedAtMs.get(pipelineId) ?? Number.NEGATIVE_INFINITY;
    if (performance.now() - failedAtMs < retryAfterMs) return;
    this.#requested.add(pipelineId);
    if (!this.#isLoading) void this.#loadRequested();
  }

  /** Loads one at a time, so that a pipeline that cannot be loaded does not block the others. */
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
      const load_ms = Math.round(performance.now() - startedAtMs);
      log.info('pipeline_loaded', { pipeline: pipelineId, load_ms }, 'pipeline loaded');
    } catch (err) {
      const fields = { pipeline: pipelineId, err };
      if (!this.#current.isStopping) log.error('pipeline_load_failed', fields, 'pipeline cannot be loaded');
      this.#requested.delete(pipelineId);
      this.#failedAtMs.set(pipelineId, performance.now());
    }
  }

  /** @throws ConfigError if a worker of the new set cannot start; the old set is then restored to its size. */
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

  /** Keeps the executor in the list while it has stuck threads, so that a shutdown waits for them. */
  #retire(executor: ThreadExecutor): void {
    const { executors } = this.#options;
    void executor.stop().then(() => executors.splice(executors.indexOf(executor), 1));
  }
}
