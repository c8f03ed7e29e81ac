/** One ONNX model as a warm session. The only importer of onnxruntime-node; runs on a worker thread and blocks it. */
import '../observe/no-telemetry.ts';

import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { inNativeCode } from '../observe/native-calls.ts';
import { toHalves, toSingles } from './float16.ts';
import { readOnnxHeader } from './metadata.ts';

/** A float32 tensor, row-major. */
export interface Tensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** What goes into a model: float32, or uint8 where the model's input is of bytes. */
export interface FeedTensor {
  readonly data: Float32Array | Uint8Array;
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
  /** Feeds by input name to outputs by name. What is float16 in the model is float32 on this side. */
  run(feeds: Readonly<Record<string, FeedTensor>>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

export interface ModelOptions {
  readonly name: string;
  readonly path: string;
  /** Execution providers, tried one by one in this order. */
  readonly providers: readonly string[];
}

/** A model could not be loaded. */
class ModelLoadError extends Error {
  override readonly name = 'ModelLoadError';
}

/** Models of this thread by file and providers, with how many hold each. */
const loaded = new Map<string, { holders: number; readonly model: Promise<OnnxModel> }>();

/**
 * Loads a model with the first execution provider that takes it. Two tools of a thread that ask for the same file get the
 * same session; it is released when both have let go of it.
 * @throws ModelLoadError when the file is missing or broken, or no provider takes it.
 */
export async function loadModel(options: ModelOptions): Promise<Model> {
  const key = JSON.stringify([options.path, options.providers]);
  const entry = loaded.get(key) ?? { holders: 0, model: createModel(options) };
  loaded.set(key, entry);
  entry.holders += 1;
  const letGo = async () => {
    entry.holders -= 1;
    if (entry.holders > 0) return;
    loaded.delete(key);
    await (await entry.model).releaseSession();
  };
  try {
    return (await entry.model).heldBy(letGo);
  } catch (error) {
    loaded.delete(key);
    throw error;
  }
}

/**
 * Each provider is tried alone: onnxruntime-node throws on an unavailable one even with `cpu` behind it in the list.
 */
async function createModel(options: ModelOptions): Promise<OnnxModel> {
  const refusals: string[] = [];
  for (const provider of options.providers) {
    try {
      const create = () =>
        InferenceSession.create(options.path, {
          executionProviders: [provider],
          // One thread a session: workers are the parallelism, and more threads a session measured slower in sum.
          intraOpNumThreads: 1,
          interOpNumThreads: 1,
          executionMode: 'sequential',
          graphOptimizationLevel: 'all',
          // A plan of the memory that a run takes is made by the second run, from memory beside what the first has taken: 9 MB
          // for plate-yolo, each session. No run is faster for it, measured at 640x480.
          enableMemPattern: false,
          // Fatal errors only: the others are thrown with all that would be printed, between the lines of the log.
          logSeverityLevel: 4,
        });
      const session = await inNativeCode(create);
      return new OnnxModel(options.name, provider, session, (await readOnnxHeader(options.path)).metadata);
    } catch (error) {
      refusals.push(`${provider}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new ModelLoadError(`model "${options.name}" cannot be loaded (${refusals.join('; ')})`);
}

class OnnxModel {
  readonly name: string;
  readonly provider: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #session: InferenceSession;
  readonly #halfInputs: ReadonlySet<string>;

  constructor(name: string, provider: string, session: InferenceSession, metadata: Record<string, string>) {
    this.name = name;
    this.provider = provider;
    this.metadata = metadata;
    this.#session = session;
    const halves = session.inputMetadata.filter((input) => input.isTensor && input.type === 'float16');
    this.#halfInputs = new Set(halves.map(({ name }) => name));
  }

  get inputs(): TensorShape[] {
    return this.#session.inputMetadata.map(tensorShapeOf);
  }

  get outputs(): TensorShape[] {
    return this.#session.outputMetadata.map(tensorShapeOf);
  }

  async run(feeds: Readonly<Record<string, FeedTensor>>): Promise<Record<string, Tensor>> {
    const ortFeeds: Record<string, OrtTensor> = {};
    for (const [name, { data, dims }] of Object.entries(feeds)) {
      ortFeeds[name] = this.#ortTensorOf(name, data, dims);
    }
    const outputs: Record<string, Tensor> = {};
    for (const [name, value] of Object.entries(await inNativeCode(() => this.#session.run(ortFeeds)))) {
      const data = singlesOf(value);
      if (data === undefined) throw new TypeError(`model "${this.name}": output ${name} is ${value.type}, not float32`);
      outputs[name] = { data, dims: value.dims };
    }
    return outputs;
  }

  #ortTensorOf(name: string, data: FeedTensor['data'], dims: readonly number[]): OrtTensor {
    if (data instanceof Uint8Array) return new OrtTensor('uint8', data, dims);
    if (this.#halfInputs.has(name)) return new OrtTensor('float16', toHalves(data), dims);
    return new OrtTensor('float32', data, dims);
  }

  /** The same model for one more holder, with a `release` of its own. */
  heldBy(release: () => Promise<void>): Model {
    const { name, provider, metadata, inputs, outputs } = this;
    return { name, provider, metadata, inputs, outputs, run: (feeds) => this.run(feeds), release };
  }

  releaseSession(): Promise<void> {
    return inNativeCode(() => this.#session.release());
  }
}

function tensorShapeOf(value: InferenceSession.ValueMetadata): TensorShape {
  if (!value.isTensor) return { name: value.name, type: 'non-tensor', dims: [] };
  return { name: value.name, type: value.type, dims: value.shape };
}

/** A tensor's values as float32; `undefined` where they are no floats. */
function singlesOf({ type, data }: OrtTensor): Float32Array | undefined {
  if (data instanceof Float32Array) return data;
  // A Uint16Array, or a Float16Array on a Node that has one: the same bits.
  if (type !== 'float16' || !ArrayBuffer.isView(data)) return undefined;
  return toSingles(new Uint16Array(data.buffer, data.byteOffset, data.byteLength / Uint16Array.BYTES_PER_ELEMENT));
}
