/** All messages between a worker and an engine thread. Tensors are in shared memory, except where noted. */
import type { TensorShape } from '../model.ts';
import type { RawTensors } from '../tensor-types.ts';
import type { BatchLayout } from './batch-memory.ts';

/** Largest batch and longest wait for one; from `model.json`. */
export interface BatchRules {
  readonly maxBatch?: number;
  readonly maxDelayUs?: number;
}

/** Load a model, unless another worker has loaded it. */
export interface OpenCommand {
  readonly type: 'open';
  readonly id: number;
  readonly name: string;
  readonly path: string;
  readonly rules: BatchRules;
}

/** Provide memory for inputs of this shape. The first one that asks pays for finding out how the model batches. */
export interface ShareCommand {
  readonly type: 'share';
  readonly id: number;
  readonly model: number;
  /** One row of each input: copied, since there is no memory for it yet. */
  readonly sample: RawTensors;
}

/** Run rows of a shared memory. */
export interface RunCommand {
  readonly type: 'run';
  readonly id: number;
  readonly memory: number;
  readonly rows: readonly number[];
}

/** The worker does not use the model any more. */
export interface CloseCommand {
  readonly type: 'close';
  readonly model: number;
}

export type ToEngine = OpenCommand | ShareCommand | RunCommand | CloseCommand;

/** A loaded model. */
export interface OpenedModel {
  /** Number of the model in this engine. */
  readonly model: number;
  readonly provider: string;
  /** Index of the device; absent if the provider has chosen. */
  readonly device?: number;
  /** Largest batch; 1 if the model is run frame by frame. */
  readonly maxBatch: number;
  readonly inputs: readonly TensorShape[];
  readonly outputs: readonly TensorShape[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Why the providers before it were not used. */
  readonly providerErrors: readonly string[];
}

/** Memory for inputs and outputs of one shape. */
export interface SharedMemory {
  /** Number of the memory in this engine. */
  readonly memory: number;
  readonly buffer: SharedArrayBuffer;
  readonly layout: BatchLayout;
}

export type FromEngine =
  | ({ readonly type: 'opened'; readonly id: number } & OpenedModel)
  | ({ readonly type: 'shared'; readonly id: number } & SharedMemory)
  /** `outputs` only if their sizes depend on the image: rows in the order of the command, copied. */
  | { readonly type: 'done'; readonly id: number; readonly outputs?: RawTensors }
  | { readonly type: 'failed'; readonly id: number; readonly reason: string }
  /** The memory of a run has been given up for others: ask for a new one. */
  | { readonly type: 'gone'; readonly id: number }
  /** Not a reply: the same, as soon as it happens, so that the worker does not keep the memory. */
  | { readonly type: 'evicted'; readonly memory: number };
