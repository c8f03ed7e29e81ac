/** Messages between the run and its generator threads. */
import { emptyLatencies, type Latencies } from './latency.ts';
import type { CameraSpec } from './schedule.ts';
import type { CameraTally } from './tally.ts';

/** The measured part of a run, on the clock that all threads share. An early stop moves its end. */
export interface Clock {
  /** Origin of all schedule times. */
  readonly baseMs: number;
  readonly startMs: number;
  endMs: number;
}

/** `workerData` of a generator thread. */
export interface GeneratorSetup {
  /** Stream URL, including the pipeline. */
  readonly url: string;
  readonly token?: string | undefined;
  readonly cameras: readonly CameraSpec[];
  /** Number of groups in the whole run, including slow readers. */
  readonly groups: number;
  /** One file per buffer, shared by all generators. */
  readonly frames: readonly SharedArrayBuffer[];
  readonly adaptive: boolean;
  readonly drainTimeoutMs: number;
}

export type ToGenerator =
  | { readonly type: 'go'; readonly clock: Clock }
  /** No frame is offered after `endMs`. */
  | { readonly type: 'stop'; readonly endMs: number };

/** Frames of the measured part so far. */
export interface Progress {
  readonly offered: number;
  readonly results: number;
  readonly dropped: number;
}

/** Latencies of one group's frames, from their intended send time. */
export interface GroupLatencies {
  readonly results: Latencies;
  readonly drops: Latencies;
  /** Pipeline time of each result, as reported by the server. */
  readonly service: Latencies;
}

export function emptyGroupLatencies(): GroupLatencies {
  return { results: emptyLatencies(), drops: emptyLatencies(), service: emptyLatencies() };
}

export interface GeneratorReport {
  readonly cameras: readonly CameraTally[];
  readonly groups: readonly GroupLatencies[];
  /** How late the generator reached each frame. */
  readonly late: Latencies;
}

export type FromGenerator =
  /** Every connection is open or has failed; `failure` is the first failure. */
  | { readonly type: 'ready'; readonly opened: number; readonly failure: string | undefined }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'done'; readonly report: GeneratorReport };
