/** A pool of real threads for one test, stopped at its end, and a log that records its lines. Tests only. */
import type { Test } from 'tap';
import { logEvents } from '../../src/observe/event-log.ts';
import type { Log, LogFields } from '../../src/observe/log.ts';
import { Observers, type Source } from '../../src/observe/observer.ts';
import { loadPipelines } from '../../src/pipeline/registry.ts';
import { type LocalPool, type LocalPoolOptions, startLocalPool } from '../../src/pool/local-pool.ts';
import type { FrameOutcome } from '../../src/pool/messages.ts';
import type { Pool } from '../../src/pool/pool.ts';
import { fixtureModels } from './gateway.ts';

/** The event of each line, and its fields. */
export class KeptLog {
  readonly lines: string[] = [];
  readonly entries: { readonly event: string; readonly fields: LogFields }[] = [];

  readonly log: Log = {
    debug: this.#keeper(),
    info: this.#keeper(),
    warn: this.#keeper(),
    error: this.#keeper(),
    fatal: this.#keeper(),
  };

  #keeper(): Log['error'] {
    return (event, fields) => {
      this.lines.push(event);
      this.entries.push({ event, fields });
    };
  }

  /** The fields of the lines of an event. */
  fieldsOf(event: string): LogFields[] {
    return this.entries.filter((entry) => entry.event === event).map(({ fields }) => fields);
  }
}

/** Starts threads with the test pipelines; the test need not wait for `started`. */
export async function startPool(t: Test, options: Partial<LocalPoolOptions> = {}): Promise<LocalPool> {
  const { modelsDir = fixtureModels, providers = ['cpu'], log = new KeptLog().log } = options;
  const local = startLocalPool({
    poolWorkers: 1,
    maxFrameBytes: 100_000,
    maxHeldBytes: 1_000_000,
    maxWaitMs: 10_000,
    frameTimeoutMs: 10_000,
    maxHeapMegabytes: 512,
    maxStuckMs: 10_000,
    modelsDir,
    providers,
    pipelines: await loadPipelines({ modelsDir, providers }),
    log,
    observer: observerOf(log),
    ...options,
  });
  t.teardown(() => local.pool.stop(10_000));
  return local;
}

/** Where a test's frames come from. */
export function sourceOf(pipelineId: string, sessionId = 'the session'): Source {
  return { sessionId, camera: 'gate', pipelineId, address: '192.0.2.1' };
}

/** An observer whose events are logged. */
export function observerOf(log: Log): Observers {
  const observers = new Observers();
  logEvents(observers, log);
  return observers;
}

/** Offers a frame. @returns its outcome. */
export function runFrame(
  pool: Pool,
  pipelineId: string,
  bytes: Uint8Array,
  frameIndex = 0,
  sessionId = 'the session',
): Promise<FrameOutcome> {
  return new Promise((resolve) =>
    pool.offer(sessionId, { source: sourceOf(pipelineId, sessionId), frameIndex, bytes }, resolve),
  );
}

/** Polls until a condition holds that no event announces. The test's own timeout ends it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
