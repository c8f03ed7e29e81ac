/** Builds small ONNX files node by node. Tests only. */
import {
  bytesField,
  type Field,
  joinFields,
  messageField,
  numberField,
  textField,
} from '../../src/models/onnx-file/protobuf.ts';

export type Attributes = Readonly<Record<string, number | readonly number[]>>;

/** A node: operator, inputs, outputs, and attributes of whole numbers. */
export type TinyNode = readonly [operator: string, inputs: readonly string[], outputs: readonly string[], Attributes?];

export interface TinyModel {
  readonly nodes: readonly TinyNode[];
  /** Vectors of int64 by name. */
  readonly vectors?: Readonly<Record<string, readonly number[]>>;
  /** float32 tensors by name: their dimensions; all values are 0.5. */
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  /** float32 inputs by name. A dimension is a number or a name. */
  readonly inputs?: Readonly<Record<string, readonly (number | string)[]>>;
  readonly outputs?: Readonly<Record<string, readonly (number | string)[]>>;
  readonly opset?: number;
  /** More fields of the graph and of the model, which a rewrite must keep. */
  readonly graphFields?: readonly Field[];
  readonly modelFields?: readonly Field[];
}

const [float, int64] = [1n, 7n];

export function tinyOnnx(model: TinyModel): Uint8Array {
  const { nodes, vectors = {}, weights = {}, inputs = { x: [1, 3, 4, 4] }, outputs = { y: [1, 3, 4, 4] } } = model;
  const graph = [
    ...nodes.map(nodeField),
    textField(2, 'tiny'),
    ...Object.entries(vectors).map(([name, values]) =>
      tensor(name, int64, [values.length], Buffer.from(BigInt64Array.from(values, BigInt).buffer)),
    ),
    ...Object.entries(weights).map(([name, dims]) => {
      const count = dims.reduce((product, dim) => product * dim, 1);
      return tensor(name, float, dims, Buffer.from(new Float32Array(count).fill(0.5).buffer));
    }),
    ...Object.entries(inputs).map(([name, dims]) => value(11, name, dims)),
    ...Object.entries(outputs).map(([name, dims]) => value(12, name, dims)),
    ...(model.graphFields ?? []),
  ];
  const opset = messageField(8, [numberField(2, BigInt(model.opset ?? 17))]);
  return joinFields([numberField(1, 8n), opset, messageField(7, graph), ...(model.modelFields ?? [])]);
}

function nodeField([operator, inputs, outputs, attributes = {}]: TinyNode): Field {
  return messageField(1, [
    ...inputs.map((name) => textField(1, name)),
    ...outputs.map((name) => textField(2, name)),
    textField(3, `${operator}-${outputs[0]}`),
    textField(4, operator),
    ...Object.entries(attributes).map(([name, values]) => attribute(name, values)),
  ]);
}

function attribute(name: string, values: number | readonly number[]): Field {
  const isList = typeof values !== 'number';
  const numbers = isList ? values.map((item) => numberField(8, BigInt(item))) : [numberField(3, BigInt(values))];
  return messageField(5, [textField(1, name), ...numbers, numberField(20, isList ? 7n : 2n)]);
}

function tensor(name: string, type: bigint, dims: readonly number[], raw: Uint8Array): Field {
  const sizes = dims.map((dim) => numberField(1, BigInt(dim)));
  return messageField(5, [...sizes, numberField(2, type), textField(8, name), bytesField(9, raw)]);
}

/** An input or an output of the graph, or an inner value (field 13). */
export function value(field: number, name: string, dims: readonly (number | string)[]): Field {
  const sizes = dims.map((dim) =>
    messageField(1, [typeof dim === 'number' ? numberField(1, BigInt(dim)) : textField(2, dim)]),
  );
  const type = messageField(1, [numberField(1, float), messageField(2, sizes)]);
  return messageField(field, [textField(1, name), messageField(2, [type])]);
}
