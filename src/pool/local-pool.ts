/** Builds a pool with the threads of this process: frame memory, threads, pipeline loader. Main thread. */
import type { EngineLinks } from '../engine-link.ts';
import { StartError } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { Observer } from '../observe/observer.ts';
import type { Executor } from './executor.ts';
import { FrameSlots } from './frame-slots.ts';
import type { PipelineSource } from './messages.ts';
import type { PipelineRules } from './pipeline-load.ts';
import { type Generation, PipelineLoader } from './pipeline-loader.ts';
import { Pool } from './pool.ts';
import { ThreadExecutor, type ThreadLimits } from './thread-executor/thread-executor.ts';

/** A validated pipeline, as far as the pool needs to know it. */
export interface PoolPipeline {
  readonly id: string;
  readonly source: PipelineSource;
  /** Whether to load it at startup, or on first use. */
  readonly load: 'start' | 'demand';
  readonly rules: PipelineRules;
}

export interface LocalPoolOptions extends ThreadLimits {
  /** With 0, only executors that are added run frames. */
  readonly poolWorkers: number;
  readonly maxFrameBytes: number;
  /** Total size of all held frames. */
  readonly maxHeldBytes: number;
  readonly maxWaitMs: number;
  readonly frameTimeoutMs: number;
  readonly modelsDir: string;
  readonly providers: readonly string[];
  readonly pipelines: readonly PoolPipeline[];
  readonly log: Log;
  readonly observer: Observer;
  /** Engines of accelerators; undefined if there are none. */
  readonly engines?: EngineLinks | undefined;
  /** Undefined if only this process runs frames. */
  readonly remote?: RemoteExecution | undefined;
}

/** What the pool needs to know of executors on other hosts. */
export interface RemoteExecution {
  /** Total size of the frames that they run. */
  readonly maxBytes: number;
  /** Called for each pipeline about to be used, at each frame. */
  readonly request: (pipelineId: string) => void;
  /** Whether one of them has the pipeline, loaded or not. */
  readonly has: (pipelineId: string) => boolean;
}

export interface LocalPool {
  readonly pool: Pool;
  /** The pool's executors; other ones may be added and removed. Call the pool's `capacityChanged` then. */
  readonly executors: Executor[];
  /** Where the frames are. */
  readonly memory: SharedArrayBuffer;
  /** Resolves when every worker is ready for the first time. Rejects with a ConfigError if one cannot start. */
  readonly started: Promise<void>;
  /**
   * Replaces all workers, one at a time, by ones with these pipelines. Call it again only after it has settled.
   * @returns the number of the new generation.
   * @throws ConfigError if a worker cannot start; the old pipelines are then served as before.
   */
  reload(pipelines: readonly PoolPipeline[]): Promise<number>;
}

/** One running frame per worker, and possibly another one in a thread that timed out. */
const runningPerWorker = 2;

const bytesPerMegabyte = 1_048_576;

/** @throws StartError with one line if the address space cannot be allocated. */
function slotsFor(bytes: number): FrameSlots {
  try {
    return new FrameSlots(bytes);
  } catch (cause) {
    const advice = 'lower POOL_WORKERS, STREAM_MAX_FRAME_SIZE_MB or STREAM_MAX_HELD_MB';
    throw new StartError([`${Math.ceil(bytes / bytesPerMegabyte)} MB of frame memory cannot be allocated; ${advice}`], {
      cause,
    });
  }
}

/** Starts the threads. Frames that arrive before one is ready are held or dropped. */
export function startLocalPool(options: LocalPoolOptions): LocalPool {
  const { poolWorkers, maxFrameBytes, maxHeldBytes, modelsDir, providers, log, observer } = options;
  const { maxHeapMegabytes, maxStuckMs, engines, remote } = options;
  const slots = slotsFor(maxHeldBytes + runningPerWorker * poolWorkers * maxFrameBytes + (remote?.maxBytes ?? 0));
  const executors: Executor[] = [];
  const rules = new Map<string, PipelineRules>();
  let served: readonly PoolPipeline[] = [];
  /** @param others versions of the pipelines that may still run frames: where one of them is sequential, all are. */
  const setRules = (pipelines: readonly PoolPipeline[], others: readonly PoolPipeline[] = []) => {
    rules.clear();
    for (const { id, rules: own } of [...others, ...pipelines]) {
      const sequential = own.sequential === true || rules.get(id)?.sequential === true;
      rules.set(id, { ...own, sequential });
    }
  };
  const generationOf = (generation: number, pipelines: readonly PoolPipeline[]): Generation => ({
    ids: new Set(pipelines.map(({ id }) => id)),
    first: pipelines.filter(({ load }) => load === 'start').map(({ id }) => id),
    executorFor: (ids) =>
      new ThreadExecutor({
        setup: {
          ...{ memory: slots.memory, modelsDir, providers },
          sources: pipelines.filter(({ id }) => ids.has(id)).map(({ source }) => source),
        },
        ...{ generation, pipelines: ids, limits: { maxHeapMegabytes, maxStuckMs }, engines },
        ...{ log, observer },
        capacityChanged: () => pool.capacityChanged(),
      }),
  });
  served = options.pipelines;
  setRules(served);
  const loader = new PipelineLoader(generationOf(1, options.pipelines), { executors, workers: poolWorkers, log });
  const load = (id: string) => {
    loader.load(id);
    remote?.request(id);
  };
  const canRun = (id: string) => poolWorkers > 0 || remote?.has(id) === true;
  const pool: Pool = new Pool({ ...options, ...{ executors, slots, rules }, load, canRun });
  const started = loader.start();
  // Callers that need the result await it; the log has the error in any case.
  started.catch(() => undefined);
  let generations = 1;
  const reload = async (pipelines: readonly PoolPipeline[]) => {
    generations += 1;
    const before = served;
    // Both run side by side while workers are replaced.
    setRules(before, pipelines);
    try {
      await loader.reload(generationOf(generations, pipelines));
    } catch (error) {
      setRules(before);
      throw error;
    }
    served = pipelines;
    // Other hosts run the version before until they are reloaded, too.
    setRules(pipelines, remote === undefined ? [] : before);
    return generations;
  };
  return { pool, executors, memory: slots.memory, started, reload };
}
