/** All that the run and its generator threads say to each other. */
import { emptyLatencies, type Latencies } from './latency.ts';
import type { CameraSpec } from './schedule.ts';
import type { CameraTally } from './tally.ts';

/** The part of a run that is counted, on the clock that all threads share. An early stop moves its end. */
export interface Clock {
  /** Times of schedules count from here. */
  readonly baseMs: number;
  readonly startMs: number;
  endMs: number;
}

/** What a generator is started with. */
export interface GeneratorSetup {
  /** Address of the stream, with its pipeline. */
  readonly url: string;
  readonly cameras: readonly CameraSpec[];
  /** Groups of the whole run, slow readers among them. */
  readonly groups: number;
  /** One file in each, shared by all generators. */
  readonly frames: readonly SharedArrayBuffer[];
  readonly adaptive: boolean;
  readonly drainTimeoutMs: number;
}

export type ToGenerator =
  | { readonly type: 'go'; readonly clock: Clock }
  /** No frame is offered from this moment on. */
  | { readonly type: 'stop'; readonly endMs: number };

/** Frames of the counted part so far. */
export interface Progress {
  readonly offered: number;
  readonly results: number;
  readonly dropped: number;
}

/** Latencies of one group's frames, from their intended time. */
export interface GroupLatencies {
  readonly results: Latencies;
  readonly drops: Latencies;
  /** How long the pipeline took for each result, as the server says. */
  readonly service: Latencies;
}

export function emptyGroupLatencies(): GroupLatencies {
  return { results: emptyLatencies(), drops: emptyLatencies(), service: emptyLatencies() };
}

export interface GeneratorReport {
  readonly cameras: readonly CameraTally[];
  readonly groups: readonly GroupLatencies[];
  /** How much later than intended the generator got to each frame. */
  readonly late: Latencies;
}

export type FromGenerator =
  /** Every connection is open or has failed; `fault` is the first failure. */
  | { readonly type: 'ready'; readonly opened: number; readonly failure: string | undefined }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'done'; readonly report: GeneratorReport };
