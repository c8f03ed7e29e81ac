/** Field numbers and constants of onnx.proto3 that a rewrite needs. Any thread. */

export const modelField = { graph: 7, operatorSet: 8 } as const;
export const graphField = {
  node: 1,
  initializer: 5,
  input: 11,
  output: 12,
  valueInfo: 13,
  sparseInitializer: 15,
} as const;
export const nodeField = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 } as const;
export const attributeField = {
  name: 1,
  integer: 3,
  text: 4,
  tensor: 5,
  graph: 6,
  integers: 8,
  graphs: 11,
  type: 20,
} as const;
export const tensorField = {
  dims: 1,
  dataType: 2,
  int32Data: 5,
  int64Data: 7,
  name: 8,
  rawData: 9,
  location: 14,
} as const;
export const operatorSetField = { domain: 1, version: 2 } as const;
export const sparseField = { values: 1 } as const;
export const valueField = { name: 1, type: 2 } as const;
export const typeField = { tensor: 1 } as const;
export const tensorTypeField = { shape: 2 } as const;
export const shapeField = { dim: 1 } as const;
export const dimField = { value: 1, param: 2 } as const;

/** `TensorProto.DataType` of shapes and axes. */
export const int32Type = 6n;
export const int64Type = 7n;
/** `TensorProto.DataType` of float16. */
export const halfType = 10;
/** `AttributeProto.AttributeType`. */
export const attributeType = { integer: 2n, tensor: 4n, integers: 7n } as const;
/** `TensorProto.DataLocation`: the values are in another file. */
export const externalLocation = 1n;
