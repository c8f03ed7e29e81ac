/** How nodes that compute with values treat the rows: broadcasting, matrices, convolutions, recurrences. Any thread. */
import { attributeOf, type GraphNode } from './graph.ts';
import type { Rewrite } from './rewrite.ts';
import { type Blocked, blocked, isBlocked, isSame, type Rows, shifted } from './rows.ts';
import type { Rule } from './shape-rules.ts';

/** Inputs are aligned at their last dimensions. The rule of all nodes without another one. */
export const broadcast: Rule = (node, rewrite) => {
  const rows = alignedRows(node.inputs, rewrite);
  if (!isBlocked(rows)) rewrite.emit(node);
  return rows;
};

function alignedRows(inputs: readonly string[], rewrite: Rewrite): Rows | Blocked {
  const all = inputs.flatMap((name) => rewrite.rowsOf(name) ?? []);
  const ranks = inputs.map((name) => rewrite.rowsOf(name)?.rank ?? rewrite.dimsOf(name)?.length ?? 0);
  const rank = Math.max(...ranks);
  const [first, ...others] = all.map((rows) => shifted(rows, rank - rows.rank));
  if (first === undefined) return blocked('its batch is not known');
  if (!others.every((rows) => isSame(rows, first)))
    return blocked('its inputs have their batch in different dimensions');
  const isPushed = all.some((rows) => rows.isHidden && rows.rank < rank);
  return isPushed ? blocked('it takes an image without its batch dimension') : first;
}

const sumReason = 'it sums up values of all images';

const matMul: Rule = (node, rewrite) => {
  const [a, b] = node.inputs.map((name) => rewrite.rowsOf(name));
  if (a?.axis === (a?.rank ?? 0) - 1 || (b !== undefined && b.axis === b.rank - 2)) return blocked(sumReason);
  if (a?.isHidden || b?.isHidden) return blocked('it takes an image without its batch dimension');
  return broadcast(node, rewrite);
};

const gemm: Rule = (node, rewrite) => {
  const rows = rewrite.rowsOf(node.inputs[0]);
  if (rows === undefined) return blocked('one of its parameters depends on the image');
  const isTransposed = attributeOf(node, 'transA')?.integers[0] === 1;
  if (rows.axis !== (isTransposed ? 1 : 0) || rows.isHidden) return blocked(sumReason);
  if (rewrite.rowsOf(node.inputs[1])) return blocked('both of its matrices depend on the image');
  rewrite.emit(node);
  return { ...rows, axis: 0 };
};

/** Nodes whose first dimension is the batch by definition. */
const images: Rule = (node, rewrite) => {
  const rows = rewrite.rowsOf(node.inputs[0]);
  if (rows === undefined || node.inputs.slice(1).some((name) => rewrite.rowsOf(name))) {
    return blocked('one of its parameters depends on the image');
  }
  if (rows.isHidden || rows.axis !== 0) return blocked('it takes the batch as part of an image');
  rewrite.emit(node);
  return rows;
};

/** Samples an image at points; both have rows, or the one without is repeated. */
const gridSample: Rule = (node, rewrite) => {
  const all = node.inputs.map((name) => rewrite.rowsOf(name));
  const rows = all.find((found) => found !== undefined);
  if (
    rows === undefined ||
    all.some((found) => found?.isHidden || (found && !isSame(found, rows))) ||
    rows.axis !== 0
  ) {
    return blocked('its inputs have their batch in different dimensions');
  }
  const missing = node.inputs.find((_, index) => all[index] === undefined);
  if (missing !== undefined && rows.merged !== undefined)
    return blocked('one of its inputs is the same for all images');
  rewrite.emit(missing === undefined ? node : rewrite.withInput(node, missing, rewrite.repeat(missing, rows)));
  return rows;
};

/** The input of `Resize` with the size of the result. */
const sizesInput = 3;

const resize: Rule = (node, rewrite) => {
  const rows = rewrite.rowsOf(node.inputs[0]);
  const sizes = rewrite.constantOf(node.inputs[sizesInput]);
  if (rows === undefined || sizes === undefined || attributeOf(node, 'axes') !== undefined)
    return images(node, rewrite);
  if (rows.isHidden || rows.axis !== 0 || rows.merged !== undefined)
    return blocked('it takes the batch as part of an image');
  const rest = rewrite.vector(sizes.slice(1));
  rewrite.emitWithInput(node, sizesInput, rewrite.compute('Concat', [rewrite.batchSize(), rest], { axis: 0 }));
  return rows;
};

const tile: Rule = (node, rewrite) => {
  const rows = rewrite.rowsOf(node.inputs[0]);
  if (rows === undefined || rows.isHidden) return blocked('it repeats images');
  const repeats = rewrite.constantOf(node.inputs[1]);
  if (repeats !== undefined && repeats[rows.axis] !== 1) return blocked('it repeats the batch dimension');
  rewrite.emit(node);
  return rows;
};

const einsum: Rule = (node, rewrite) => {
  const [terms = '', result] = (attributeOf(node, 'equation')?.text ?? '').replaceAll(' ', '').split('->');
  const letters = node.inputs.flatMap((name, index) => {
    const rows = rewrite.rowsOf(name);
    return rows === undefined ? [] : (terms.split(',')[index]?.[rows.axis] ?? '');
  });
  const [letter = ''] = letters;
  const axis = result?.indexOf(letter) ?? -1;
  const isPlain = letter !== '' && !terms.includes('.') && letters.every((other) => other === letter);
  const merged = node.inputs.some((name) => rewrite.rowsOf(name)?.merged || rewrite.rowsOf(name)?.isHidden);
  if (!isPlain || merged || result === undefined) return blocked('its equation is not supported');
  if (axis === -1) return blocked(sumReason);
  rewrite.emit(node);
  return { axis, rank: result.length };
};

/** Sequences are `[steps, batch, values]`, states `[directions, batch, values]`, results `[steps, directions, batch, values]`. */
const stateInputs = [5, 6];
const stateRows: Rows = { axis: 1, rank: 3 };

const recurrence: Rule = (node, rewrite) => {
  const rows = rewrite.rowsOf(node.inputs[0]);
  const isUsual = rows !== undefined && isSame(rows, stateRows) && attributeOf(node, 'layout')?.integers[0] !== 1;
  if (!isUsual) return blocked('its batch is not in the second dimension');
  let changed: GraphNode = node;
  for (const index of stateInputs) {
    const name = node.inputs[index] ?? '';
    if (name !== '' && !rewrite.rowsOf(name))
      changed = rewrite.withInput(changed, name, rewrite.repeat(name, stateRows));
  }
  rewrite.emit(changed);
  const [all = '', ...states] = node.outputs;
  for (const state of states) rewrite.setRows(state, stateRows);
  rewrite.setRows(all, { axis: 2, rank: 4 });
  return { axis: 2, rank: 4 };
};

/** Rows of such a list belong to no certain image. */
export const totalReason = 'it returns the findings of all images in one list';
const inAList: Rule = () => blocked(totalReason);
const controlFlow: Rule = () => blocked('it is a branch or a loop that depends on the image');

const imageNodes = [
  ...['Conv', 'ConvTranspose', 'ConvInteger', 'QLinearConv', 'DeformConv'],
  ...['MaxPool', 'AveragePool', 'LpPool', 'GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool'],
  ...[
    'BatchNormalization',
    'InstanceNormalization',
    'GroupNormalization',
    'LRN',
    'DepthToSpace',
    'SpaceToDepth',
    'Upsample',
  ],
];

export const valueRules: Readonly<Record<string, Rule>> = {
  MatMul: matMul,
  Gemm: gemm,
  GridSample: gridSample,
  Resize: resize,
  Tile: tile,
  Einsum: einsum,
  LSTM: recurrence,
  GRU: recurrence,
  RNN: recurrence,
  NonMaxSuppression: inAList,
  NonZero: inAList,
  Unique: inAList,
  Compress: inAList,
  ScatterND: () => blocked('it writes to places of all images together'),
  If: controlFlow,
  Loop: controlFlow,
  Scan: controlFlow,
  ...Object.fromEntries(imageNodes.map((name) => [name, images])),
};

/** These return shapes, which follow the batch by themselves. */
export const shapeReaders: ReadonlySet<string> = new Set(['Shape', 'Size']);
