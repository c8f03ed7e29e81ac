/** Converts the inputs of tools to the types that a model declares. Worker threads. */
import { toHalves } from './float16.ts';
import type { Inputs, InputTensor, TensorShape } from './model.ts';
import type { RawTensor, RawTensors } from './tensor-types.ts';

/** @param declared inputs of the model. Only float32 is converted, to the halves that it may want. */
export function rawInputsOf(tensors: Inputs, declared: readonly TensorShape[]): RawTensors {
  const inputs: Record<string, RawTensor> = {};
  for (const name in tensors) {
    const type = declared.find((input) => input.name === name)?.type;
    inputs[name] = rawInputOf(tensors[name] as InputTensor, type);
  }
  return inputs;
}

function rawInputOf({ data, dims }: InputTensor, declared: string | undefined): RawTensor {
  if (data instanceof Uint8Array) return { type: 'uint8', data, dims };
  if (data instanceof BigInt64Array) return { type: 'int64', data, dims };
  if (declared === 'float16') return { type: 'float16', data: toHalves(data), dims };
  return { type: 'float32', data, dims };
}
