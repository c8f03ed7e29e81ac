/**
 * A device that takes `baseMs + rowMs × n` for a batch of n rows, and fails on request. Its model has an input `x` of bytes or floats and an
 * output `y` that tells the rows apart. Tests and benchmarks.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Device, DeviceModel } from '../../src/models/engine/device.ts';
import type { RawTensor, RawTensors } from '../../src/models/tensor-types.ts';
import { inNativeCodeSync } from '../../src/observe/native-calls.ts';

/** The content of a simulated model's file, as JSON. */
export interface SimulatedModel {
  readonly baseMs: number;
  readonly rowMs: number;
  readonly type: 'uint8' | 'float32';
  /** Of the input, with the batch dimension: a name if it is free. */
  readonly dims: readonly (number | string)[];
  /** Larger batches fail for want of memory. */
  readonly maxRowsInMemory?: number;
}

/** Values of the output per row: the row's first value, and the sum of its first and last one. */
const outputSize = 2;

/** First values of a row that make the device misbehave, once a frame has them. */
export const faults = { fail: 201, hang: 202, spin: 203, exit: 204, break: 205 } as const;

/** Longer than any test waits for a run. */
const hangMs = 4000;

/** How the device passes time: a real one blocks its thread. */
export type Pass = (ms: number) => Promise<void>;

const word = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Blocks the thread, as a run of ONNX Runtime does. */
export const block: Pass = async (ms) => {
  Atomics.wait(word, 0, 0, ms);
};

/** Lets other events of the thread pass, for a device in the thread of the test. */
export const wait: Pass = async (ms) => {
  await sleep(ms);
};

export class SimulatedDevice implements Device {
  readonly id: number | undefined;
  readonly #pass: Pass;
  /** Rows of each run. */
  readonly batches: number[] = [];
  /** Runs that were under way when another one began. */
  overlaps = 0;
  #running = 0;
  #isBroken = false;

  constructor(pass: Pass, id?: number) {
    this.#pass = pass;
    this.id = id;
  }

  /** Fails once a row has broken the device. */
  async check(): Promise<void> {
    if (this.#isBroken) throw new Error('the device is broken');
  }

  async load(_name: string, path: string): Promise<DeviceModel> {
    const model = JSON.parse(readFileSync(path, 'utf8')) as SimulatedModel;
    return {
      ...{ provider: 'simulated', metadata: {}, providerErrors: [] },
      inputs: [{ name: 'x', type: model.type, dims: model.dims }],
      outputs: [{ name: 'y', type: 'float32', dims: ['batch', outputSize] }],
      run: (inputs, outputs) => this.#run(model, inputs, outputs),
      release: async () => undefined,
    };
  }

  async #run(model: SimulatedModel, inputs: RawTensors, outputs: RawTensors | undefined): Promise<RawTensors> {
    const { data, dims } = inputs['x'] as RawTensor;
    const [rows = 1] = dims;
    if (this.#running > 0) this.overlaps += 1;
    this.#running += 1;
    this.batches.push(rows);
    await this.#pass(model.baseMs + model.rowMs * rows);
    this.#running -= 1;
    if (rows > (model.maxRowsInMemory ?? Number.POSITIVE_INFINITY)) throw new Error('CUDA error: out of memory');
    const results = outputs?.['y'] ?? {
      type: 'float32',
      data: new Float32Array(rows * outputSize),
      dims: [rows, outputSize],
    };
    const size = data.length / rows;
    for (let row = 0; row < rows; row++) {
      const first = Number(data[row * size]);
      if (first === faults.break) this.#isBroken = true;
      if (this.#isBroken) throw new Error('the device is broken');
      misbehave(first);
      results.data[row * outputSize] = first;
      results.data[row * outputSize + 1] = first + Number(data[(row + 1) * size - 1]);
    }
    return { y: results };
  }
}

function misbehave(first: number): void {
  if (first === faults.fail) throw new Error('this row fails');
  if (first === faults.exit) process.exit(1);
  if (first === faults.spin) while (true);
  // As a driver that hangs: the thread cannot be terminated until it recovers.
  if (first === faults.hang) inNativeCodeSync(() => Atomics.wait(word, 0, 0, hangMs));
}
