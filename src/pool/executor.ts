/** The interface of what runs frames, such as the threads of this process. Executors take no part in admission. */
import type { Source } from '../observe/observer.ts';
import type { FrameMoment } from '../session-state.ts';
import type { FrameSlot } from './frame-slots.ts';
import type { FrameOutcome, WorkerReport } from './messages.ts';
import type { WorkerSetups } from './setups.ts';

/** A frame that was started, with its bytes in shared memory. */
export interface StartedFrame {
  readonly source: Source;
  readonly frameIndex: number;
  /** Released by the executor as soon as nothing reads it any more. */
  readonly slot: FrameSlot;
  /** The state of its session, and its time of arrival. */
  readonly moment: FrameMoment;
  /** Monotonic time until which it may still wait for a worker, where an executor lets frames wait. */
  readonly holdEndMs: number;
}

/** What an executor can run: all that the scheduler knows about it. */
export interface Capacity {
  /** Ids of the pipelines that it can run. */
  readonly pipelines: ReadonlySet<string>;
  /** Version of the pipelines: 1 at startup, higher after each reload. */
  readonly generation: number;
  /** Maximum number of concurrent frames. */
  readonly capacity: number;
  /** Number of additional frames that it can take now. */
  readonly free: number;
  /** Idle workers ÷ all that are ready. With 0, a frame waits there for a worker, so that none is idle while the next frame is on its way. */
  readonly idleShare: number;
  /** Executors of a lower rank are preferred, such as the threads of this process to other hosts. */
  readonly rank: number;
}

/** A host behind the broker, as shown on `/readyz`. */
export interface HostReport {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly workers: { readonly size: number; readonly ready: number; readonly busy: number };
  /** Frames that this gateway may have in flight there, and has. */
  readonly limit: number;
  readonly in_flight: number;
  readonly generation: number;
  readonly pipelines: readonly string[];
  readonly setups: readonly WorkerSetups[];
}

export interface ExecutorStatus {
  /** Workers with models loaded and warmed up. */
  readonly ready: number;
  readonly busy: number;
  /** Workers out of service, still running a frame that timed out. */
  readonly timedOut: number;
  readonly reports: readonly WorkerReport[];
  /** Of an executor on another host. */
  readonly host?: HostReport;
}

export interface Executor extends Capacity {
  /**
   * Runs one frame; call only while `free` is above 0.
   * @param deadlineMs monotonic time at which the frame times out.
   * @returns its outcome; never rejects. `free` has increased when it settles, unless the worker was lost, timed out, or is being removed.
   */
  run(frame: StartedFrame, deadlineMs: number): Promise<FrameOutcome>;
  status(): ExecutorStatus;
  /** Starts no further frames and waits for running ones. @returns whether everything ended within `graceMs`; without it, waits forever. */
  stop(graceMs?: number): Promise<boolean>;
}
