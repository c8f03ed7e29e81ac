/** The smallest ONNX model, to find out whether a provider can be used. Any thread. */
import { Writer } from 'protobufjs/minimal.js';

/** Field numbers of onnx.proto3, as far as the model needs them. */
const model = { irVersion: 1, graph: 7, operatorSet: 8 } as const;
const operatorSet = { version: 2 } as const;
const graph = { node: 1, name: 2, input: 11, output: 12 } as const;
const node = { input: 1, output: 2, operator: 4 } as const;
const valueInfo = { name: 1, type: 2 } as const;
const type = { tensor: 1 } as const;
const tensor = { elementType: 1, shape: 2 } as const;
const shape = { dimension: 1 } as const;
const dimension = { value: 1 } as const;

const irVersion = 8;
const opset = 13;
/** `TensorProto.DataType`. */
const elementTypes = { float32: 1, float16: 10 } as const;

/** Wire types of a protobuf field. */
const varint = 0;
const bytes = 2;
const wireTypeBits = 3;

type Write = (writer: Writer) => void;

function message(writer: Writer, field: number, write: Write): void {
  writer.uint32((field << wireTypeBits) | bytes).fork();
  write(writer);
  writer.ldelim();
}

function number(writer: Writer, field: number, value: number): void {
  writer.uint32((field << wireTypeBits) | varint).int64(value);
}

function text(writer: Writer, field: number, value: string): void {
  writer.uint32((field << wireTypeBits) | bytes).string(value);
}

function writeValue(writer: Writer, name: string, elementType: number): void {
  text(writer, valueInfo.name, name);
  message(writer, valueInfo.type, (ofType) =>
    message(ofType, type.tensor, (ofTensor) => {
      number(ofTensor, tensor.elementType, elementType);
      message(ofTensor, tensor.shape, (ofShape) =>
        message(ofShape, shape.dimension, (ofDimension) => number(ofDimension, dimension.value, 1)),
      );
    }),
  );
}

/** A model that adds its input `x` `[1]` to itself, as `y`. */
export function tinyModel(elementType: keyof typeof elementTypes = 'float32'): Uint8Array {
  const writer = Writer.create();
  number(writer, model.irVersion, irVersion);
  message(writer, model.graph, (ofGraph) => {
    message(ofGraph, graph.node, (ofNode) => {
      text(ofNode, node.input, 'x');
      text(ofNode, node.input, 'x');
      text(ofNode, node.output, 'y');
      text(ofNode, node.operator, 'Add');
    });
    text(ofGraph, graph.name, 'tiny');
    message(ofGraph, graph.input, (value) => writeValue(value, 'x', elementTypes[elementType]));
    message(ofGraph, graph.output, (value) => writeValue(value, 'y', elementTypes[elementType]));
  });
  message(writer, model.operatorSet, (ofSet) => number(ofSet, operatorSet.version, opset));
  return writer.finish();
}
