/** Writes changed parts of a graph into an ONNX file; everything else stays as it is, byte for byte. Any thread. */
import type { Graph, GraphNode, GraphValue } from './graph.ts';
import { readNode } from './graph.ts';
import {
  bytesField,
  type Field,
  joinFields,
  lastOf,
  messageField,
  numberField,
  readFields,
  textField,
  textOf,
} from './protobuf.ts';
import {
  attributeField,
  attributeType,
  dimField,
  graphField,
  int64Type,
  modelField,
  nodeField,
  shapeField,
  tensorField,
  tensorTypeField,
  typeField,
  valueField,
} from './schema.ts';

/** A node with other inputs; everything else stays. */
export function withInputs(node: GraphNode, inputs: readonly string[]): GraphNode {
  const others = readFields(node.field.value).filter(({ number }) => number !== nodeField.input);
  return nodeOf([...inputs.map((name) => textField(nodeField.input, name)), ...others]);
}

/** A node with other values in its attribute `axes`. */
export function withAxes(node: GraphNode, axes: readonly number[]): GraphNode {
  const isAxes = ({ number, value }: Field) =>
    number === nodeField.attribute && textOf(lastOf(readFields(value), attributeField.name)) === 'axes';
  const fields = readFields(node.field.value).filter((field) => !isAxes(field));
  const attribute = messageField(nodeField.attribute, [
    textField(attributeField.name, 'axes'),
    ...axes.map((axis) => numberField(attributeField.integers, BigInt(axis))),
    numberField(attributeField.type, attributeType.integers),
  ]);
  return nodeOf([...fields, attribute]);
}

/** A new node; its attributes are whole numbers. */
export function createNode(
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number>> = {},
): GraphNode {
  const attributeFields = Object.entries(attributes).map(([name, value]) =>
    messageField(nodeField.attribute, [
      textField(attributeField.name, name),
      numberField(attributeField.integer, BigInt(value)),
      numberField(attributeField.type, attributeType.integer),
    ]),
  );
  return nodeOf([
    ...inputs.map((name) => textField(nodeField.input, name)),
    textField(nodeField.output, output),
    textField(nodeField.name, output),
    textField(nodeField.opType, opType),
    ...attributeFields,
  ]);
}

/** A `Constant` node with a vector of int64. Unlike initializers, these may be added to files of every version. */
export function createVector(output: string, values: readonly bigint[]): GraphNode {
  const tensor = [
    numberField(tensorField.dims, BigInt(values.length)),
    numberField(tensorField.dataType, int64Type),
    bytesField(tensorField.rawData, Buffer.from(BigInt64Array.from(values).buffer)),
  ];
  const attribute = messageField(nodeField.attribute, [
    textField(attributeField.name, 'value'),
    messageField(attributeField.tensor, tensor),
    numberField(attributeField.type, attributeType.tensor),
  ]);
  return nodeOf([...readFields(createNode('Constant', [], output).field.value), attribute]);
}

function nodeOf(fields: readonly Field[]): GraphNode {
  return readNode(messageField(graphField.node, fields));
}

/** An input or output whose first dimension is free. One without a shape stays as it is. */
export function withFreeBatch({ field }: GraphValue, name: string): Field {
  const path = [valueField.type, typeField.tensor, tensorTypeField.shape];
  const free = messageField(shapeField.dim, [textField(dimField.param, name)]);
  const change = (message: Uint8Array, depth: number): Field[] => {
    const fields = readFields(message);
    const wanted = path[depth];
    if (wanted === undefined) {
      const first = fields.findIndex(({ number }) => number === shapeField.dim);
      return first === -1 ? fields : fields.with(first, free);
    }
    const at = fields.findLastIndex(({ number }) => number === wanted);
    const found = fields[at];
    return found === undefined ? fields : fields.with(at, messageField(wanted, change(found.value, depth + 1)));
  };
  return messageField(field.number, change(field.value, 0));
}

export interface GraphChanges {
  /** All nodes, in their new order; by default they stay. The shapes of inner values are dropped with them, since they may be wrong then. */
  readonly nodes?: readonly GraphNode[];
  /** Fields of the graph, by those that they replace. */
  readonly replaced?: ReadonlyMap<Field, Field>;
  /** Inner values that become outputs, too. ONNX Runtime finds out their types and shapes. */
  readonly addedOutputs?: readonly string[];
}

/** @returns the encoded model. */
export function writeGraph(graph: Graph, { nodes, replaced, addedOutputs = [] }: GraphChanges): Uint8Array {
  const fields: Field[] = [];
  let hasNodes = nodes === undefined;
  for (const field of graph.graphFields) {
    if (nodes !== undefined && field.number === graphField.valueInfo) continue;
    if (nodes === undefined || field.number !== graphField.node) {
      fields.push(replaced?.get(field) ?? field);
      continue;
    }
    if (!hasNodes) for (const node of nodes) fields.push(node.field);
    hasNodes = true;
  }
  for (const name of addedOutputs) fields.push(messageField(graphField.output, [textField(valueField.name, name)]));
  const last = graph.modelFields.findLastIndex(({ number }) => number === modelField.graph);
  return joinFields(graph.modelFields.with(last, messageField(modelField.graph, fields)));
}
