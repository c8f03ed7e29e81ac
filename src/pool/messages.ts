/** Everything that crosses between the loop and a worker thread. Plain data only; the frame's bytes go by shared slot. */
import type { FrameErrorCode } from '../errors.ts';

/** What a thread is started with (`workerData`). */
export interface WorkerSetup {
  /** The worker's own slot: the loop writes a frame there while the worker is idle, and the worker reads it while busy. */
  readonly slot: SharedArrayBuffer;
  readonly modelsDir: string;
  readonly providers: readonly string[];
}

/** One frame lies in the slot, from its first byte. */
export interface FrameOrder {
  readonly type: 'frame';
  readonly pipelineId: string;
  readonly frameIndex: number;
  readonly byteLength: number;
}

/** Give everything back and end the thread. */
export interface StopOrder {
  readonly type: 'stop';
}

export type ToWorker = FrameOrder | StopOrder;

/** How a worker has set itself up, for `/readyz`. */
export interface WorkerReport {
  readonly decoder: string;
  readonly models: readonly { readonly name: string; readonly provider: string }[];
  readonly pipelines: readonly string[];
}

/** Exactly one of these answers each frame order. */
export type FrameOutcome =
  | { readonly type: 'result' /** The whole reply as it goes on the wire. */; readonly message: string }
  | {
      readonly type: 'failed';
      readonly code: FrameErrorCode;
      /** For the peer. */
      readonly detail: string;
      /** For the log. */
      readonly reason: string;
    };

export type FromWorker =
  | FrameOutcome
  | { readonly type: 'ready'; readonly report: WorkerReport }
  | { readonly type: 'boot_failed'; readonly faults: readonly string[] };
