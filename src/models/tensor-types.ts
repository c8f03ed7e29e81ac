/** The element types of tensors, and the typed arrays that hold them. Any thread. */
import { toSingles } from './float16.ts';

/** float16 is stored as bits, bool as bytes. */
const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
} as const;

export type NumericType = keyof typeof arrayTypes;
export type TensorData =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array;

/** A tensor as ONNX Runtime takes and returns it, row-major. */
export interface RawTensor {
  readonly type: NumericType;
  readonly data: TensorData;
  readonly dims: readonly number[];
}

/** By the name of an input or output. */
export type RawTensors = Readonly<Record<string, RawTensor>>;

/** Whether values of a type are numbers: strings, sequences and four-bit types are not supported. */
export function isNumeric(type: string): type is NumericType {
  return Object.hasOwn(arrayTypes, type);
}

/** Bytes of one value. */
export function bytesPerValue(type: NumericType): number {
  return arrayTypes[type].BYTES_PER_ELEMENT;
}

/** A view of memory as values of a type. @param offset in bytes, a multiple of the size of a value. */
export function viewOf(type: NumericType, memory: ArrayBufferLike, offset: number, length: number): TensorData {
  const ArrayType: new (memory: ArrayBufferLike, offset: number, length: number) => TensorData = arrayTypes[type];
  return new ArrayType(memory, offset, length);
}

/** Number of values of a tensor. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Values as float32: the same array if they are, else a copy. Class indices and counts fit exactly. */
export function toFloat32(type: NumericType, data: TensorData): Float32Array {
  if (data instanceof Float32Array) return data;
  if (type === 'float16' && data instanceof Uint16Array) return toSingles(data);
  return Float32Array.from(data as ArrayLike<number | bigint>, Number);
}
