/** Everything that crosses between the loop and a worker thread. Plain data only; a frame's bytes lie in shared memory. */
import type { FrameErrorCode } from '../errors.ts';

/** A pipeline file as the main thread read it. */
export interface PipelineSource {
  readonly path: string;
  readonly text: string;
}

/** What a thread is started with (`workerData`). */
export interface WorkerSetup {
  /** Where frames lie: the loop writes a frame there before it is ordered, and leaves it alone until the worker has answered or ended. */
  readonly memory: SharedArrayBuffer;
  readonly modelsDir: string;
  readonly providers: readonly string[];
  /** The files of the pipelines to load. A thread never reads them itself, so that a pool never runs two versions. */
  readonly sources: readonly PipelineSource[];
}

/** All that a thread gets: its setup, and what is between it and the loop alone. */
export interface WorkerData extends WorkerSetup {
  /** Where the thread says whether it is in native code; see `observe/native-calls.ts`. */
  readonly nativeCalls: SharedArrayBuffer;
}

/** One frame lies in the memory, from `offset`. */
export interface FrameCommand {
  readonly type: 'frame';
  readonly pipelineId: string;
  readonly frameIndex: number;
  readonly offset: number;
  readonly byteLength: number;
}

/** Give everything back and end the thread. */
export interface StopCommand {
  readonly type: 'stop';
}

export type ToWorker = FrameCommand | StopCommand;

/** How a worker has set itself up, for `/readyz`. */
export interface WorkerReport {
  readonly decoder: string;
  readonly models: readonly { readonly name: string; readonly provider: string }[];
}

/** Why a frame was dropped. */
export type DropReason =
  /** No worker is free for it, and it may not be held, or could not be started before its hold ends. */
  | 'busy'
  /** A newer frame of its session took its place. */
  | 'displaced'
  /** Its hold ended before a worker was free. */
  | 'expired'
  /** Held frames fill their memory. */
  | 'memory_full'
  /** The worker that ran it was lost. */
  | 'worker_lost'
  /** The server is going away. */
  | 'draining'
  /** Its session has ended. */
  | 'session_closed';

/** The result as JSON text, with the facts that the loop needs beside it, so that it never parses the text. */
export interface ResultOutcome {
  readonly type: 'result';
  readonly text: string;
  /** Milliseconds of each stage, as in the result's `timings_ms`. */
  readonly timings: Readonly<Record<string, number>>;
}

export interface FailedOutcome {
  readonly type: 'failed';
  readonly code: FrameErrorCode;
  /** For the peer. */
  readonly detail: string;
  /** For the log. */
  readonly reason: string;
}

export interface DroppedOutcome {
  readonly type: 'dropped';
  readonly reason: DropReason;
}

/** What becomes of a frame: exactly one for each that is offered. */
export type FrameOutcome = ResultOutcome | FailedOutcome | DroppedOutcome;

export type FromWorker =
  | ResultOutcome
  | FailedOutcome
  | { readonly type: 'ready'; readonly report: WorkerReport }
  | { readonly type: 'boot_failed'; readonly issues: readonly string[] };
