/** One ONNX model as a loaded session. The only importer of onnxruntime-node; runs on a worker thread and blocks it. */
import '../observe/no-telemetry.ts';

import { env, InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { inNativeCode } from '../observe/native-calls.ts';
import { toHalves, toSingles } from './float16.ts';
import { readOnnxHeader } from './metadata.ts';
import type { Inputs, InputTensor, Model, Outputs, Tensor, TensorShape } from './model.ts';
import type { ModelOverrides } from './model-files.ts';

/**
 * Fatal errors only: ONNX Runtime writes the others to standard error itself, between the lines of the log. It also throws them. Read once,
 * when the first session is created.
 */
env.logLevel = 'fatal';

/** A model and the right to release it. */
export interface OwnedModel extends Model {
  /** Drops this reference. The session ends with its last reference. */
  release(): Promise<void>;
}

export interface ModelOptions {
  readonly name: string;
  readonly path: string;
  /** Execution providers, tried one at a time in this order. */
  readonly providers: readonly string[];
  /** The model's `model.json`; by default none. */
  readonly overrides?: ModelOverrides;
}

class ModelLoadError extends Error {
  override readonly name = 'ModelLoadError';
}

/** Models of this thread by file and providers, with reference counts. */
const loaded = new Map<string, { references: number; readonly model: Promise<OnnxModel> }>();

/**
 * Loads a model with the first execution provider that accepts it. Tools of one thread that load the same file share a
 * session, which is released with its last reference.
 * @throws ModelLoadError when the file is missing or broken, or no provider accepts it.
 */
export async function loadModel(options: ModelOptions): Promise<OwnedModel> {
  const key = JSON.stringify([options.path, options.providers]);
  const entry = loaded.get(key) ?? { references: 0, model: createModel(options) };
  loaded.set(key, entry);
  entry.references += 1;
  const release = async () => {
    entry.references -= 1;
    if (entry.references > 0) return;
    loaded.delete(key);
    await (await entry.model).releaseSession();
  };
  try {
    return (await entry.model).createReference(options.overrides ?? {}, release);
  } catch (error) {
    loaded.delete(key);
    throw error;
  }
}

/** Tries each provider alone: onnxruntime-node throws on an unavailable one even if `cpu` follows it in the list. */
async function createModel(options: ModelOptions): Promise<OnnxModel> {
  const failures: string[] = [];
  for (const provider of options.providers) {
    try {
      const create = () =>
        InferenceSession.create(options.path, {
          executionProviders: [provider],
          // One thread per session: the workers run in parallel, and more threads per session lowered total throughput.
          intraOpNumThreads: 1,
          interOpNumThreads: 1,
          executionMode: 'sequential',
          graphOptimizationLevel: 'all',
          // A memory pattern is planned in the second run and allocated in addition to what the first run took: 9 MB per
          // session for plate-yolo. It made no run faster, measured at 640x480.
          enableMemPattern: false,
          // Fatal errors only, like `env.logLevel`.
          logSeverityLevel: 4,
        });
      const session = await inNativeCode(create);
      const { metadata } = await readOnnxHeader(options.path);
      return new OnnxModel(session, { name: options.name, provider, metadata, providerErrors: failures });
    } catch (error) {
      failures.push(`${provider}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new ModelLoadError(`model "${options.name}" cannot be loaded (${failures.join('; ')})`);
}

type OnnxModelFacts = Pick<Model, 'name' | 'provider' | 'metadata' | 'providerErrors'>;

class OnnxModel {
  readonly #facts: OnnxModelFacts;
  readonly #session: InferenceSession;
  readonly #halfInputs: ReadonlySet<string>;

  constructor(session: InferenceSession, facts: OnnxModelFacts) {
    this.#facts = facts;
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

  async run(tensors: Inputs): Promise<Outputs> {
    const ortTensors: Record<string, OrtTensor> = {};
    for (const [name, { data, dims }] of Object.entries(tensors)) {
      ortTensors[name] = this.#ortTensorOf(name, data, dims);
    }
    const outputs: Record<string, Tensor> = {};
    for (const [name, value] of Object.entries(await inNativeCode(() => this.#session.run(ortTensors)))) {
      const data = singlesOf(value);
      if (data === undefined)
        throw new TypeError(`model "${this.#facts.name}": output ${name} is ${value.type}; expected numbers`);
      outputs[name] = { data, dims: value.dims };
    }
    return outputs;
  }

  #ortTensorOf(name: string, data: InputTensor['data'], dims: readonly number[]): OrtTensor {
    if (data instanceof Uint8Array) return new OrtTensor('uint8', data, dims);
    if (data instanceof BigInt64Array) return new OrtTensor('int64', data, dims);
    if (this.#halfInputs.has(name)) return new OrtTensor('float16', toHalves(data), dims);
    return new OrtTensor('float32', data, dims);
  }

  /** A view of this model whose `release` drops one reference. */
  createReference(overrides: ModelOverrides, release: () => Promise<void>): OwnedModel {
    const { inputs, outputs } = this;
    return { ...this.#facts, inputs, outputs, overrides, run: (tensors) => this.run(tensors), release };
  }

  releaseSession(): Promise<void> {
    return inNativeCode(() => this.#session.release());
  }
}

function tensorShapeOf(value: InferenceSession.ValueMetadata): TensorShape {
  if (!value.isTensor) return { name: value.name, type: 'non-tensor', dims: [] };
  return { name: value.name, type: value.type, dims: value.shape };
}

/** A tensor's values as float32; `undefined` if they are not numbers. Class indices and counts fit exactly. */
function singlesOf({ type, data }: OrtTensor): Float32Array | undefined {
  if (data instanceof Float32Array) return data;
  if (!ArrayBuffer.isView(data)) return undefined;
  // A Uint16Array, or a Float16Array if Node has it: the bits are the same.
  if (type === 'float16')
    return toSingles(new Uint16Array(data.buffer, data.byteOffset, data.byteLength / Uint16Array.BYTES_PER_ELEMENT));
  return Float32Array.from(data as ArrayLike<number | bigint>, Number);
}
