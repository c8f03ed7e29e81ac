/** One ONNX model as a warm session. The only importer of onnxruntime-node; runs on a worker thread and blocks it. */
import '../observe/no-telemetry.ts';

import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { readOnnxMetadata } from './metadata.ts';

/** A float32 tensor, row-major. */
export interface Tensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** An input or output as the file declares it; a dimension is a number or the name of a free one. */
export interface TensorShape {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly (number | string)[];
}

/** What is loaded, as `/readyz` shows it. */
export interface ModelInfo {
  readonly name: string;
  readonly provider: string;
}

export interface Model extends ModelInfo {
  readonly inputs: readonly TensorShape[];
  readonly outputs: readonly TensorShape[];
  /** The file's `metadata_props`; Ultralytics puts `names`, `imgsz`, `stride` and `task` there. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Feeds by input name to outputs by name. Only float32 comes out. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

export interface ModelOptions {
  readonly name: string;
  readonly path: string;
  /** Execution providers, tried one by one in this order. */
  readonly providers: readonly string[];
}

/** A model could not be loaded. */
export class ModelLoadError extends Error {
  override readonly name = 'ModelLoadError';
}

/**
 * Loads a model with the first execution provider that takes it.
 * Each provider is tried alone: onnxruntime-node throws on an unavailable one even with `cpu` behind it in the list.
 * @throws ModelLoadError when the file is missing or broken, or no provider takes it.
 */
export async function loadModel(options: ModelOptions): Promise<Model> {
  const refusals: string[] = [];
  for (const provider of options.providers) {
    try {
      const session = await InferenceSession.create(options.path, {
        executionProviders: [provider],
        // One thread a session: workers are the parallelism, and more threads a session measured slower in sum.
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
      });
      return new OnnxModel(options.name, provider, session, await readOnnxMetadata(options.path));
    } catch (error) {
      refusals.push(`${provider}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new ModelLoadError(`model "${options.name}" cannot be loaded (${refusals.join('; ')})`);
}

class OnnxModel implements Model {
  readonly name: string;
  readonly provider: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #session: InferenceSession;

  constructor(name: string, provider: string, session: InferenceSession, metadata: Record<string, string>) {
    this.name = name;
    this.provider = provider;
    this.metadata = metadata;
    this.#session = session;
  }

  get inputs(): TensorShape[] {
    return this.#session.inputMetadata.map(tensorShapeOf);
  }

  get outputs(): TensorShape[] {
    return this.#session.outputMetadata.map(tensorShapeOf);
  }

  async run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const ortFeeds: Record<string, OrtTensor> = {};
    for (const [name, tensor] of Object.entries(feeds)) {
      ortFeeds[name] = new OrtTensor('float32', tensor.data, tensor.dims);
    }
    const outputs: Record<string, Tensor> = {};
    for (const [name, value] of Object.entries(await this.#session.run(ortFeeds))) {
      if (!(value.data instanceof Float32Array)) {
        throw new TypeError(`model "${this.name}": output ${name} is ${value.type}, not float32`);
      }
      outputs[name] = { data: value.data, dims: value.dims };
    }
    return outputs;
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}

function tensorShapeOf(value: InferenceSession.ValueMetadata): TensorShape {
  if (!value.isTensor) return { name: value.name, type: 'non-tensor', dims: [] };
  return { name: value.name, type: value.type, dims: value.shape };
}
