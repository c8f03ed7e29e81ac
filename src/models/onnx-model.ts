/** Models that run in the thread that loaded them, which they block. Worker threads, and the main thread of commands. */
import { InputBuffers } from './input-buffers.ts';
import { readOnnxHeader } from './metadata.ts';
import type { Inputs, Model, Outputs, OwnedModel, Tensor, TensorShape } from './model.ts';
import type { ModelOverrides } from './model-files.ts';
import { OnnxSession } from './onnx-session.ts';
import { rawInputsOf } from './raw-input.ts';
import { type RawTensors, toFloat32 } from './tensor-types.ts';

export interface ModelOptions {
  readonly name: string;
  readonly path: string;
  /** Execution providers, tried one at a time in this order. */
  readonly providers: readonly string[];
  /** The model's `model.json`; by default none. */
  readonly overrides?: ModelOverrides;
  /** Why what was tried before these providers was not used. */
  readonly errors?: readonly string[];
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
async function createModel({ name, path, providers, errors = [] }: ModelOptions): Promise<OnnxModel> {
  const failures = [...errors];
  for (const provider of providers) {
    try {
      const session = await OnnxSession.create(path, { provider });
      const { metadata } = await readOnnxHeader(path);
      return new OnnxModel(session, { name, provider, metadata, providerErrors: failures });
    } catch (error) {
      failures.push(`${provider}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new ModelLoadError(`model "${name}" cannot be loaded (${failures.join('; ')})`);
}

type OnnxModelFacts = Pick<Model, 'name' | 'provider' | 'metadata' | 'providerErrors'>;

class OnnxModel {
  readonly #facts: OnnxModelFacts;
  readonly #session: OnnxSession;
  readonly #inputs: readonly TensorShape[];

  constructor(session: OnnxSession, facts: OnnxModelFacts) {
    this.#facts = facts;
    this.#session = session;
    this.#inputs = session.inputs;
  }

  async run(tensors: Inputs): Promise<Outputs> {
    const inputs = rawInputsOf(tensors, this.#inputs);
    const outputs: Record<string, Tensor> = {};
    for (const [name, { type, data, dims }] of Object.entries(await this.#runSession(inputs))) {
      outputs[name] = { data: toFloat32(type, data), dims };
    }
    return outputs;
  }

  #runSession(inputs: RawTensors): Promise<RawTensors> {
    return this.#session.run(inputs).catch((error: unknown) => {
      if (!(error instanceof TypeError)) throw error;
      throw new TypeError(`model "${this.#facts.name}": ${error.message}`);
    });
  }

  /** A view of this model whose `release` drops one reference. */
  createReference(overrides: ModelOverrides, release: () => Promise<void>): OwnedModel {
    const buffers = new InputBuffers(this.#inputs);
    return {
      ...this.#facts,
      ...{ inputs: this.#inputs, outputs: this.#session.outputs, overrides },
      allocate: (name, dims) => buffers.allocate(name, dims),
      run: (tensors) => this.run(tensors),
      release,
    };
  }

  releaseSession(): Promise<void> {
    return this.#session.release();
  }
}
