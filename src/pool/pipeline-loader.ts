/**
 * Loads pipelines while the gateway runs: those first used later, and a new generation of all of them. Workers are replaced one at a time:
 * a new one is started, then an old one is retired, so that running pipelines are not interrupted. Main thread.
 */
import type { Log } from '../observe/log.ts';
import type { Executor } from './executor.ts';
import type { ThreadExecutor } from './thread-executor/thread-executor.ts';

/** Pipeline files that are served together; a reload makes the next generation. */
export interface Generation {
  /** Ids of all its pipelines. */
  readonly ids: ReadonlySet<string>;
  /** Ids of those to load at startup; the others are loaded on first use. */
  readonly first: readonly string[];
  /** Creates an executor without workers for some of its pipelines. */
  readonly executorFor: (pipelineIds: ReadonlySet<string>) => ThreadExecutor;
}

export interface PipelineLoaderOptions {
  /** The pool's executors; the loader adds and removes its own. */
  readonly executors: Executor[];
  /** Number of workers that run all loaded pipelines. */
  readonly workers: number;
  readonly log: Log;
}

/** Minimum time before another attempt to load a pipeline that failed to load. */
const retryAfterMs = 30_000;

export class PipelineLoader {
  readonly #options: PipelineLoaderOptions;
  #generation: Generation;
  #current: ThreadExecutor;
  #requested: Set<string>;
  readonly #failedAtMs = new Map<string, number>();
  /** Settles when nothing is being loaded; tasks run one after the other. */
  #tasks: Promise<unknown> = Promise.resolve();

  constructor(generation: Generation, options: PipelineLoaderOptions) {
    this.#options = options;
    this.#generation = generation;
    this.#requested = new Set(generation.first);
    this.#current = generation.executorFor(new Set(this.#requested));
    options.executors.push(this.#current);
  }

  /** Starts the workers. Resolves when all are ready. @throws ConfigError if one cannot start. */
  start(): Promise<void> {
    return this.#enqueue(async () => {
      await Promise.all(Array.from({ length: this.#options.workers }, () => this.#current.grow()));
    });
  }

  /** Requests a pipeline; does nothing if it is loaded, being loaded, or unknown. */
  load(pipelineId: string): void {
    if (this.#options.workers === 0) return;
    if (this.#requested.has(pipelineId) || !this.#generation.ids.has(pipelineId)) return;
    const failedAtMs = this.#failedAtMs.get(pipelineId) ?? Number.NEGATIVE_INFINITY;
    if (performance.now() - failedAtMs < retryAfterMs) return;
    this.#requested.add(pipelineId);
    // One at a time, so that a pipeline that cannot be loaded does not block the others.
    void this.#enqueue(() => this.#loadOne(pipelineId));
  }

  /**
   * Replaces every worker by one of the next generation, with the pipelines that are in use.
   * @throws ConfigError if one cannot start; the old generation is then restored.
   */
  reload(next: Generation): Promise<void> {
    return this.#enqueue(async () => {
      const inUse = [...this.#current.pipelines].filter((id) => next.ids.has(id));
      const requested = new Set([...next.first, ...inUse]);
      await this.#replaceWorkers(requested, next);
      this.#generation = next;
      this.#requested = new Set(requested);
      this.#failedAtMs.clear();
    });
  }

  #enqueue<Value>(task: () => Promise<Value>): Promise<Value> {
    const done = this.#tasks.then(task);
    this.#tasks = done.catch(() => undefined);
    return done;
  }

  async #loadOne(pipelineId: string): Promise<void> {
    const { log } = this.#options;
    // Meanwhile, a reload may have loaded or removed it.
    if (this.#current.isStopping || this.#current.pipelines.has(pipelineId) || !this.#requested.has(pipelineId)) return;
    const startedAtMs = performance.now();
    try {
      await this.#replaceWorkers(new Set([...this.#current.pipelines, pipelineId]), this.#generation);
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
  async #replaceWorkers(pipelineIds: ReadonlySet<string>, { executorFor }: Generation): Promise<void> {
    const { executors, workers } = this.#options;
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
