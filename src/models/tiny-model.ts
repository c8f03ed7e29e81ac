/** The smallest ONNX model, `y = x * x` of one number: whether a provider can be used, and half precision. Pure. */
import { Writer } from 'protobufjs/minimal.js';

/** Field numbers of onnx.proto3, shifted into protobuf tags: number × 8 + 2 for a message or text, number × 8 for a whole number. */
const text = (field: number) => field * 8 + 2;
const whole = (field: number) => field * 8;
/** `TensorProto.DataType` */
const elementTypes = { float32: 1, float16: 10 } as const;
type ElementType = keyof typeof elementTypes;
const irVersion = 8;
const opset = 17;

/** Stands for the model in half precision where a model file is expected. */
export const halfPrecision = 'half';

export const tinyInput = 'x';
export const tinyOutput = 'y';

/** @returns the bytes of an `.onnx` file whose input and output have the shape `[1]`. */
export function tinyModel(type: ElementType): Uint8Array {
  const node = Writer.create().uint32(text(1)).string(tinyInput).uint32(text(1)).string(tinyInput);
  node.uint32(text(2)).string(tinyOutput).uint32(text(4)).string('Mul');
  const graph = Writer.create().uint32(text(1)).bytes(node.finish()).uint32(text(2)).string('tiny');
  graph.uint32(text(11)).bytes(valueInfo(tinyInput, type)).uint32(text(12)).bytes(valueInfo(tinyOutput, type));
  const operators = Writer.create().uint32(text(1)).string('').uint32(whole(2)).int64(opset);
  const model = Writer.create().uint32(whole(1)).int64(irVersion).uint32(text(7)).bytes(graph.finish());
  return model.uint32(text(8)).bytes(operators.finish()).finish();
}

/** `ValueInfoProto` of a tensor `[1]`. */
function valueInfo(name: string, elementType: ElementType): Uint8Array {
  const dimension = Writer.create().uint32(whole(1)).int64(1).finish();
  const shape = Writer.create().uint32(text(1)).bytes(dimension).finish();
  const tensor = Writer.create()
    .uint32(whole(1))
    .int32(elementTypes[elementType])
    .uint32(text(2))
    .bytes(shape)
    .finish();
  const valueType = Writer.create().uint32(text(1)).bytes(tensor).finish();
  return Writer.create().uint32(text(1)).string(name).uint32(text(2)).bytes(valueType).finish();
}
