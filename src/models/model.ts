/** What a tool sees of a model: tensors in, tensors out. Types only, so that the types of the tool interface bring no runtime with them. */
import type { ModelOverrides } from './model-files.ts';
import type { ModelInfo } from './model-info.ts';

/** A float32 tensor, row-major. */
export interface Tensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** A model's input, row-major: float32, uint8 if the model takes bytes, or int64 if it takes whole numbers. */
export interface InputTensor {
  readonly data: Float32Array | Uint8Array | BigInt64Array;
  readonly dims: readonly number[];
}

/** An input or output as the file declares it; a dimension is a number, or a name if it is free. */
export interface TensorShape {
  readonly name: string;
  /** `float32`, `int64` …; `non-tensor` for a sequence or a map. */
  readonly type: string;
  readonly dims: readonly (number | string)[];
}

/** Tensors by the name of an input or output. */
export type Inputs = Readonly<Record<string, InputTensor>>;
export type Outputs = Readonly<Record<string, Tensor>>;

/** A loaded model. */
export interface Model extends ModelInfo {
  readonly inputs: readonly TensorShape[];
  readonly outputs: readonly TensorShape[];
  /** The file's `metadata_props`; Ultralytics puts `names`, `imgsz`, `stride` and `task` there. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The model's `model.json`; empty if it has none. */
  readonly overrides: ModelOverrides;
  /**
   * Memory for an input of the next run, where the model reads it without another copy. Its content is undefined. Valid until that run
   * ends, or until the next call for the same input.
   * @param dims of the whole tensor, without free dimensions.
   */
  allocate(name: string, dims: readonly number[]): InputTensor;
  /**
   * Runs the model once. Float32 tensors become float16 for an input that takes these, and every numeric output becomes float32.
   * @throws Error when an input is missing or has the wrong shape.
   */
  run(tensors: Inputs): Promise<Outputs>;
}

/** A model and the right to release it. */
export interface OwnedModel extends Model {
  /** Drops this reference. The session ends with its last reference. */
  release(): Promise<void>;
}

/** Loads the models that a tool needs, and keeps them until the tool is closed. */
export interface ModelLoader {
  /** @returns what prevents a model from being loaded, without loading it: a missing file, an invalid `model.json`. One line each. */
  check(name: string): readonly string[];
  /**
   * Loads a model of the models folder by the name that a pipeline uses: a folder with a `model.onnx`, or an `.onnx` file. Tools of
   * one thread that load the same model share its memory. The model is released when the tool is closed.
   * @throws Error with one line when the model is missing or broken, or no execution provider accepts it.
   */
  load(name: string): Promise<Model>;
}
