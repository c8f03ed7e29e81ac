/** What runs frames: the threads of this process, or anything else that can. An executor decides nothing about admission. */
import type { FrameSlot } from './frame-slots.ts';
import type { FrameOutcome, WorkerReport } from './messages.ts';

/** A frame that was started, with its bytes in place. */
export interface StartedFrame {
  readonly pipelineId: string;
  readonly frameIndex: number;
  /** The executor releases it as soon as nothing reads it any more. */
  readonly slot: FrameSlot;
}

/** How much an executor can run: all that the scheduler needs to know of one. */
export interface Capacity {
  /** Ids of the pipelines that it can run. */
  readonly pipelines: ReadonlySet<string>;
  /** Frames that it can run at once. */
  readonly capacity: number;
  /** How many more than it runs now. */
  readonly free: number;
}

export interface ExecutorStatus {
  /** Workers that have their models loaded and warm. */
  readonly ready: number;
  readonly busy: number;
  /** Workers out of service that have not come back from a frame that timed out. */
  readonly timedOut: number;
  readonly reports: readonly WorkerReport[];
}

export interface Executor extends Capacity {
  /**
   * Runs one frame; only called while `free` is above 0.
   * @param deadlineMs monotonic time at which the frame is answered as timed out.
   * @returns its outcome; never rejects. `free` has risen when it settles, unless the worker was lost, timed out or is not needed any more.
   */
  run(frame: StartedFrame, deadlineMs: number): Promise<FrameOutcome>;
  status(): ExecutorStatus;
  /** Starts nothing more, waits for what runs. @returns whether everything ended within `graceMs`; without it, waits for ever. */
  stop(graceMs?: number): Promise<boolean>;
}
