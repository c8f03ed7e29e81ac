/** Reads the graph of an ONNX file as far as a rewrite needs it: nodes, small constants, inputs, and outputs. Any thread. */
import { type Field, integersOf, lastOf, readFields, textOf } from './protobuf.ts';
import {
  attributeField,
  dimField,
  externalLocation,
  graphField,
  halfType,
  int32Type,
  int64Type,
  modelField,
  nodeField,
  operatorSetField,
  shapeField,
  sparseField,
  tensorField,
  tensorTypeField,
  typeField,
  valueField,
} from './schema.ts';

const bytesPerInt32 = 4;
const bytesPerInt64 = 8;

/** Shapes, axes, and indices of rows have at most some entries; weights are not read. */
const maxConstantLength = 64;

export interface GraphNode {
  readonly name: string;
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The encoded node. */
  readonly field: Field;
}

/** An input or output of the graph. `dims`: a number, a name, or `undefined` if the file says nothing. */
export interface GraphValue {
  readonly name: string;
  readonly dims: readonly (number | string | undefined)[] | undefined;
  readonly field: Field;
}

export interface Graph {
  readonly opset: number;
  readonly nodes: readonly GraphNode[];
  /** Without initializers, which older files list as inputs. */
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly initializers: ReadonlyMap<string, Field>;
  /** Whether weights are in files beside this one. */
  readonly hasExternalData: boolean;
  readonly modelFields: readonly Field[];
  readonly graphFields: readonly Field[];
}

/** @throws with the reason when the bytes are not a model. */
export function readGraph(bytes: Uint8Array): Graph {
  const modelFields = readFields(bytes);
  const graphOfModel = lastOf(modelFields, modelField.graph);
  if (graphOfModel === undefined) throw new Error('it has no graph');
  const graphFields = readFields(graphOfModel.value);
  const all = (number: number) => graphFields.filter((field) => field.number === number);
  const initializers = new Map(all(graphField.initializer).map((field) => [tensorName(field), field]));
  for (const { value } of all(graphField.sparseInitializer)) {
    const values = lastOf(readFields(value), sparseField.values);
    if (values !== undefined) initializers.set(tensorName(values), values);
  }
  const nodes = all(graphField.node).map(readNode);
  if (nodes.length === 0) throw new Error('its graph has no nodes');
  return {
    opset: opsetOf(modelFields),
    nodes,
    inputs: all(graphField.input)
      .map(readValue)
      .filter(({ name }) => !initializers.has(name)),
    outputs: all(graphField.output).map(readValue),
    initializers,
    hasExternalData: [...initializers.values()].some(({ value }) => isExternal(readFields(value))),
    modelFields,
    graphFields,
  };
}

function opsetOf(modelFields: readonly Field[]): number {
  let opset = 0;
  for (const { number, value } of modelFields) {
    if (number !== modelField.operatorSet) continue;
    const fields = readFields(value);
    const domain = textOf(lastOf(fields, operatorSetField.domain));
    if (domain === '' || domain === 'ai.onnx') opset = Number(integersOf(fields, operatorSetField.version)[0] ?? 0n);
  }
  return opset;
}

export function readNode(field: Field): GraphNode {
  const fields = readFields(field.value);
  const texts = (number: number) => fields.filter((field) => field.number === number).map(textOf);
  return {
    name: textOf(lastOf(fields, nodeField.name)),
    opType: textOf(lastOf(fields, nodeField.opType)),
    inputs: texts(nodeField.input),
    outputs: texts(nodeField.output),
    field,
  };
}

function tensorName({ value }: Field): string {
  return textOf(lastOf(readFields(value), tensorField.name));
}

function isExternal(tensor: readonly Field[]): boolean {
  return integersOf(tensor, tensorField.location).at(-1) === externalLocation;
}

function readValue(field: Field): GraphValue {
  const fields = readFields(field.value);
  const shape = [valueField.type, typeField.tensor, tensorTypeField.shape].reduce(
    (message: readonly Field[] | undefined, number) => {
      const found = message && lastOf(message, number);
      return found && readFields(found.value);
    },
    fields,
  );
  return {
    name: textOf(lastOf(fields, valueField.name)),
    dims: shape?.filter(({ number }) => number === shapeField.dim).map(dimOf),
    field,
  };
}

function dimOf({ value }: Field): number | string | undefined {
  const fields = readFields(value);
  const [size] = integersOf(fields, dimField.value);
  if (size !== undefined) return Number(size);
  return textOf(lastOf(fields, dimField.param)) || undefined;
}

/** A node's attribute: its whole numbers, its text, and its tensor. */
export interface Attribute {
  readonly integers: readonly number[];
  readonly text: string;
  readonly tensor: Field | undefined;
}

export function attributeOf(node: GraphNode, name: string): Attribute | undefined {
  for (const { number, value } of readFields(node.field.value)) {
    if (number !== nodeField.attribute) continue;
    const fields = readFields(value);
    if (textOf(lastOf(fields, attributeField.name)) !== name) continue;
    const integers = [...integersOf(fields, attributeField.integer), ...integersOf(fields, attributeField.integers)];
    return {
      integers: integers.map(Number),
      text: textOf(lastOf(fields, attributeField.text)),
      tensor: lastOf(fields, attributeField.tensor),
    };
  }
  return undefined;
}

/** Names that a node takes: its inputs, and what the graphs inside it take from around them. */
export function namesUsedBy(node: GraphNode): string[] {
  const names = [...node.inputs];
  for (const { number, value } of readFields(node.field.value)) {
    if (number !== nodeField.attribute) continue;
    for (const graph of readFields(value)) {
      if (graph.number === attributeField.graph || graph.number === attributeField.graphs)
        names.push(...innerNames(graph));
    }
  }
  return names;
}

function innerNames(graph: Field): string[] {
  return readFields(graph.value).flatMap((field) => {
    if (field.number === graphField.node) return namesUsedBy(readNode(field));
    return field.number === graphField.output ? [readValue(field).name] : [];
  });
}

/** A small tensor of whole numbers; `undefined` if it is something else or in another file. */
export function readIntegers(
  tensor: Field,
): { readonly dims: readonly number[]; readonly values: readonly number[] } | undefined {
  const fields = readFields(tensor.value);
  const dims = integersOf(fields, tensorField.dims).map(Number);
  const type = integersOf(fields, tensorField.dataType)[0];
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (isExternal(fields) || count > maxConstantLength || (type !== int32Type && type !== int64Type)) return undefined;
  const raw = lastOf(fields, tensorField.rawData)?.value;
  const isLong = type === int64Type;
  if (raw === undefined || raw.length === 0) {
    return { dims, values: integersOf(fields, isLong ? tensorField.int64Data : tensorField.int32Data).map(Number) };
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const size = isLong ? bytesPerInt64 : bytesPerInt32;
  const values = Array.from({ length: Math.floor(raw.length / size) }, (_, index) =>
    isLong ? Number(view.getBigInt64(index * size, true)) : view.getInt32(index * size, true),
  );
  return { dims, values };
}

/** Whether weights are float16, or values become float16 on the way. */
export function usesHalves({ nodes, initializers }: Graph): boolean {
  const isHalf = (type: bigint | number | undefined) => Number(type) === halfType;
  const types = [...initializers.values()].map(({ value }) => integersOf(readFields(value), tensorField.dataType)[0]);
  return (
    types.some(isHalf) || nodes.some((node) => node.opType === 'Cast' && isHalf(attributeOf(node, 'to')?.integers[0]))
  );
}

/** Dimensions of a constant tensor. */
export function tensorDims(tensor: Field): number[] {
  return integersOf(readFields(tensor.value), tensorField.dims).map(Number);
}
