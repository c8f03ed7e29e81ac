/** A pool of real threads for one test, stopped when the test is over, and a log that keeps its lines. Tests only. */
import type { Test } from 'tap';
import type { Log } from '../../src/observe/log.ts';
import type { FrameOutcome } from '../../src/pool/messages.ts';
import { ThreadPool, type ThreadPoolOptions } from '../../src/pool/thread-pool.ts';
import { fixtureModels } from './gateway.ts';

/** The last argument of each call: the line that an operator would read. */
export class KeptLog {
  readonly lines: string[] = [];

  readonly log: Log = {
    debug: this.#keeper(),
    info: this.#keeper(),
    warn: this.#keeper(),
    error: this.#keeper(),
    fatal: this.#keeper(),
  };

  #keeper(): Log['error'] {
    return (...args: unknown[]) => {
      this.lines.push(String(args.at(-1)));
    };
  }
}

/** Starts threads on the test pipelines; the test need not wait for `started`. */
export function startPool(t: Test, options: Partial<ThreadPoolOptions> = {}): ThreadPool {
  const pool = ThreadPool.start({
    poolWorkers: 1,
    maxFrameBytes: 100_000,
    frameTimeoutMs: 10_000,
    modelsDir: fixtureModels,
    providers: ['cpu'],
    log: new KeptLog().log,
    ...options,
  });
  t.teardown(() => pool.stop(10_000));
  return pool;
}

/** Offers a frame that must be taken. @returns its outcome. */
export function runFrame(
  pool: ThreadPool,
  pipelineId: string,
  bytes: Uint8Array,
  frameIndex = 0,
  sessionId = 'the session',
): Promise<FrameOutcome> {
  return new Promise((resolve, reject) => {
    const verdict = pool.offer(sessionId, { pipelineId, frameIndex, bytes }, resolve);
    if (verdict !== 'accepted') reject(new Error(`the frame was not taken: ${verdict}`));
  });
}

/** Waits until something holds that no event announces. The test's own time limit ends it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
