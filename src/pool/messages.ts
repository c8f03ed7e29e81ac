/** All messages between the event loop and a worker thread. Plain data only; frame bytes are in shared memory. */

import type { EngineLink } from '../engine-link.ts';
import type { FrameErrorCode } from '../errors.ts';
import type { FrameMoment } from '../session-state.ts';
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
  /** Connections to the engines of accelerators; empty if there are none. */
  readonly engines: readonly EngineLink[];
}

/** Run the frame at `offset` of the memory. */
export interface FrameCommand {
  readonly type: 'frame';
  readonly pipelineId: string;
  readonly frameIndex: number;
  readonly moment: FrameMoment;
  readonly offset: number;
  readonly byteLength: number;
}

/** Release everything and end the thread. */
export interface StopCommand {
  readonly type: 'stop';
}

/** An engine has been replaced: open the models there. */
export interface LinkCommand {
  readonly type: 'link_engine';
  /** Returned when it is done. */
  readonly number: number;
  readonly link: EngineLink;
}

/** An engine will not answer any more. */
export interface EngineLostCommand {
  readonly type: 'engine_lost';
  readonly engine: number;
}

export type ToWorker = FrameCommand | StopCommand | LinkCommand | EngineLostCommand;

/** Setup of a worker, shown on `/readyz`. */
export interface WorkerReport {
  readonly decoder: string;
  readonly models: readonly ReportedModel[];
}

/** A model as `/readyz` lists it. */
export interface ReportedModel {
  readonly name: string;
  readonly provider: string;
  /** Of a model that an engine runs: index of the device unless the provider has chosen it, and the largest batch. */
  readonly device?: number;
  readonly max_batch?: number;
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
  /** For the session's next frame; undefined if the pipeline has none. */
  readonly state?: string | undefined;
  /** Each event as JSON text; undefined if the pipeline reports none. They are no part of `text`, since they may be sent later. */
  readonly events?: readonly string[] | undefined;
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

/** Models are loaded and warmed up. */
export interface ReadyMessage {
  readonly type: 'ready';
  readonly report: WorkerReport;
  readonly providerErrors: readonly ProviderError[];
  /** Whether engines run some of its models, so that it can run nothing without one. */
  readonly needsEngine: boolean;
}

export type FromWorker =
  | FrameOutcome
  | ReadyMessage
  /** All models are open in a replaced engine. */
  | { readonly type: 'engine_linked'; readonly number: number }
  /** An engine has ended. The main thread is told by the engine's thread, too, but maybe later than of a frame's outcome. */
  | { readonly type: 'engine_unlinked'; readonly engine: number }
  | { readonly type: 'boot_failed'; readonly issues: readonly string[] };
