/** Memory for the inputs of a model that has none of its own: one buffer per input, reused. Worker threads. */
import type { InputTensor, TensorShape } from './model.ts';
import { sizeOf } from './tensor-types.ts';

export class InputBuffers {
  readonly #inputs: readonly TensorShape[];
  readonly #buffers = new Map<string, InputTensor['data']>();

  /** @param inputs as the model declares them. */
  constructor(inputs: readonly TensorShape[]) {
    this.#inputs = inputs;
  }

  /** See `Model.allocate`. A buffer grows to the largest tensor so far. */
  allocate(name: string, dims: readonly number[]): InputTensor {
    const size = sizeOf(dims);
    let buffer = this.#buffers.get(name);
    if (buffer === undefined || buffer.length < size) {
      buffer = createArray(this.#inputs.find((input) => input.name === name)?.type, size);
      this.#buffers.set(name, buffer);
    }
    return { data: buffer.length === size ? buffer : buffer.subarray(0, size), dims };
  }
}

function createArray(type: string | undefined, size: number): InputTensor['data'] {
  if (type === 'uint8') return new Uint8Array(size);
  return type === 'int64' ? new BigInt64Array(size) : new Float32Array(size);
}
