/** The smallest ONNX model in half precision: `y = x * x` of one float16. Pure. */
import { Writer } from 'protobufjs/minimal.js';

/** Field numbers of onnx.proto3, shifted into protobuf tags: number × 8 + 2 for a message or text, number × 8 for a whole number. */
const text = (field: number) => field * 8 + 2;
const whole = (field: number) => field * 8;
/** `TensorProto.DataType.FLOAT16` */
const float16 = 10;
const irVersion = 8;
const opset = 17;

/** Stands for this model where a model file is expected. */
export const halfPrecision = 'half';

export const halfInput = 'x';
export const halfOutput = 'y';

/** A value that half precision holds exactly, and so its square. */
export const halfValue = 1.5;

/** @returns the bytes of an `.onnx` file with input and output float16 `[1]`. */
export function halfModel(): Uint8Array {
  const node = Writer.create().uint32(text(1)).string(halfInput).uint32(text(1)).string(halfInput);
  node.uint32(text(2)).string(halfOutput).uint32(text(4)).string('Mul');
  const graph = Writer.create().uint32(text(1)).bytes(node.finish()).uint32(text(2)).string('half');
  graph.uint32(text(11)).bytes(valueInfo(halfInput)).uint32(text(12)).bytes(valueInfo(halfOutput));
  const operators = Writer.create().uint32(text(1)).string('').uint32(whole(2)).int64(opset);
  const model = Writer.create().uint32(whole(1)).int64(irVersion).uint32(text(7)).bytes(graph.finish());
  return model.uint32(text(8)).bytes(operators.finish()).finish();
}

/** `ValueInfoProto` of a float16 tensor `[1]`. */
function valueInfo(name: string): Uint8Array {
  const dimension = Writer.create().uint32(whole(1)).int64(1).finish();
  const shape = Writer.create().uint32(text(1)).bytes(dimension).finish();
  const tensor = Writer.create().uint32(whole(1)).int32(float16).uint32(text(2)).bytes(shape).finish();
  const type = Writer.create().uint32(text(1)).bytes(tensor).finish();
  return Writer.create().uint32(text(1)).string(name).uint32(text(2)).bytes(type).finish();
}
