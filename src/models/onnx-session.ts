/** One ONNX Runtime session on one execution provider. The only importer of onnxruntime-node; blocks the thread that runs it. */
import '../observe/no-telemetry.ts';

import { env, InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { inNativeCode } from '../observe/native-calls.ts';
import { numberedProviders } from '../providers.ts';
import type { TensorShape } from './model.ts';
import { isNumeric, type RawTensor, type RawTensors } from './tensor-types.ts';

/**
 * Fatal errors only: ONNX Runtime writes the others to standard error itself, between the lines of the log. It also throws them. Read once,
 * when the first session is created.
 */
env.logLevel = 'fatal';

/** Where a session runs. */
export interface SessionTarget {
  readonly provider: string;
  /** Index of the device; by default the provider's own choice. */
  readonly deviceId?: number;
}

export class OnnxSession {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  /**
   * Creates a session.
   * @param model path or content of an ONNX file.
   * @throws Error when the file is missing or broken, or the provider is not available or does not accept it.
   */
  static async create(model: string | Uint8Array, { provider, deviceId }: SessionTarget): Promise<OnnxSession> {
    const options: InferenceSession.SessionOptions = {
      executionProviders: [providerConfig(provider, deviceId)],
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
    };
    const create = () =>
      typeof model === 'string' ? InferenceSession.create(model, options) : InferenceSession.create(model, options);
    return new OnnxSession(await inNativeCode(create));
  }

  get inputs(): TensorShape[] {
    return this.#session.inputMetadata.map(tensorShapeOf);
  }

  get outputs(): TensorShape[] {
    return this.#session.outputMetadata.map(tensorShapeOf);
  }

  /**
   * Runs the model once.
   * @param outputs where to write the outputs; by default they are allocated. Their dimensions must be those that the run yields.
   * @throws Error when an input is missing or has the wrong shape, or an output is not numbers.
   */
  async run(inputs: RawTensors, outputs?: RawTensors): Promise<RawTensors> {
    const feeds = ortTensors(inputs);
    const session = this.#session;
    const results = await inNativeCode(() =>
      outputs === undefined ? session.run(feeds) : session.run(feeds, ortTensors(outputs)),
    );
    if (outputs !== undefined) return outputs;
    return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, rawTensorOf(name, value)]));
  }

  release(): Promise<void> {
    return inNativeCode(() => this.#session.release());
  }
}

function providerConfig(name: string, deviceId: number | undefined): InferenceSession.ExecutionProviderConfig {
  if (deviceId === undefined || !numberedProviders.includes(name)) return name;
  const config: InferenceSession.CudaExecutionProviderOption = { name: name as 'cuda', deviceId };
  return config;
}

function ortTensors(tensors: RawTensors): Record<string, OrtTensor> {
  const converted: Record<string, OrtTensor> = {};
  for (const name in tensors) {
    const { type, data, dims } = tensors[name] as RawTensor;
    converted[name] = new OrtTensor(type, data, dims);
  }
  return converted;
}

function rawTensorOf(name: string, { type, data, dims }: OrtTensor): RawTensor {
  if (!isNumeric(type) || !ArrayBuffer.isView(data)) throw new TypeError(`output ${name} is ${type}; expected numbers`);
  if (type !== 'float16') return { type, data: data as RawTensor['data'], dims };
  // A Uint16Array, or a Float16Array if Node has it: the bits are the same.
  const { buffer, byteOffset, byteLength } = data;
  return { type, data: new Uint16Array(buffer, byteOffset, byteLength / Uint16Array.BYTES_PER_ELEMENT), dims };
}

function tensorShapeOf(value: InferenceSession.ValueMetadata): TensorShape {
  if (!value.isTensor) return { name: value.name, type: 'non-tensor', dims: [] };
  return { name: value.name, type: value.type, dims: value.shape };
}
