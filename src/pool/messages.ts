/** All messages between the event loop and a worker thread. Plain data only; frame bytes are in shared memory. */
import type { FrameErrorCode } from '../errors.ts';
import type { DropReason } from '../status.ts';

/** A pipeline file as read by the main thread. */
export interface PipelineSource {
  readonly path: string;
  readonly text: string;
}

/** Startup parameters of a thread (`workerData`). */
export interface WorkerSetup {
  /** Frame memory. The loop writes a frame before sending its command and does not touch it until the worker has replied or ended. */
  readonly memory: SharedArrayBuffer;
  readonly modelsDir: string;
  readonly providers: readonly string[];
  /** Contents of the pipeline files to load. Threads never read the files themselves, so that a pool never runs two versions. */
  readonly sources: readonly PipelineSource[];
}

/** Everything passed to a thread: the shared setup, and memory used only by this thread and the loop. */
export interface WorkerData extends WorkerSetup {
  /** Where the thread records whether it is in native code; see `observe/native-calls.ts`. */
  readonly nativeCalls: SharedArrayBuffer;
}

/** Run the frame at `offset` of the memory. */
export interface FrameCommand {
  readonly type: 'frame';
  readonly pipelineId: string;
  readonly frameIndex: number;
  readonly offset: number;
  readonly byteLength: number;
}

/** Release everything and end the thread. */
export interface StopCommand {
  readonly type: 'stop';
}

export type ToWorker = FrameCommand | StopCommand;

/** Setup of a worker, shown on `/readyz`. */
export interface WorkerReport {
  readonly decoder: string;
  readonly models: readonly { readonly name: string; readonly provider: string }[];
}

/** An execution provider could not be used for a model, which therefore uses another. */
export interface ProviderError {
  readonly model: string;
  readonly reason: string;
}

/** The result as JSON text. What the loop needs to know is stored beside it, so that the loop never parses the text. */
export interface ResultOutcome {
  readonly type: 'result';
  readonly text: string;
  /** Milliseconds per stage, as in the result's `timings_ms`, and `encode`, which is known only after the text is written. */
  readonly timings: Readonly<Record<string, number>>;
}

export interface FailedOutcome {
  readonly type: 'failed';
  readonly code: FrameErrorCode;
  /** Sent to the peer. */
  readonly detail: string;
  /** Written to the log. */
  readonly reason: string;
}

export interface DroppedOutcome {
  readonly type: 'dropped';
  readonly reason: DropReason;
}

/** Sent to the peer when a frame takes too long. */
const timedOutDetail = 'Pipeline timed out';

export const timedOut: FailedOutcome = {
  ...{ type: 'failed', code: 'pipeline_failure' },
  ...{ detail: timedOutDetail, reason: timedOutDetail },
};

/** The outcome of a frame: exactly one per offered frame. */
export type FrameOutcome = ResultOutcome | FailedOutcome | DroppedOutcome;

export type FromWorker =
  | ResultOutcome
  | FailedOutcome
  | { readonly type: 'ready'; readonly report: WorkerReport; readonly providerErrors: readonly ProviderError[] }
  | { readonly type: 'boot_failed'; readonly issues: readonly string[] };
