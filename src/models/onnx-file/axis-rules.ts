/** How nodes that work along one axis treat the rows: concatenation, selection, reduction. Any thread. */
import { attributeOf, type GraphNode } from './graph.ts';
import { createNode } from './graph-writer.ts';
import type { Rewrite } from './rewrite.ts';
import { type Blocked, blocked, isBlocked, isSame, type Rows, resolveAxis, shifted } from './rows.ts';
import type { Rule } from './shape-rules.ts';

const acrossReason = 'it works across the batch dimension';
const hiddenReason = 'it takes an image without its batch dimension';

/** The rows of all inputs that have some, which must be the same. */
function commonRows(node: GraphNode, rewrite: Rewrite): Rows | Blocked {
  const all = node.inputs.flatMap((name) => rewrite.rowsOf(name) ?? []);
  const [first] = all;
  if (first === undefined || !all.every((rows) => isSame(rows, first)))
    return blocked('its inputs have their batch in different dimensions');
  return first.isHidden ? blocked(hiddenReason) : first;
}

/** `rows` unless the node works along the batch dimension. */
function besides(axes: readonly number[], rows: Rows): Rows | Blocked {
  return axes.map((axis) => resolveAxis(axis, rows.rank)).includes(rows.axis) ? blocked(acrossReason) : rows;
}

/** A node that does not change the number of dimensions and works along the axis of an attribute. */
function along(attribute: string, byDefault: number): Rule {
  return (node, rewrite) => {
    const rows = commonRows(node, rewrite);
    if (isBlocked(rows)) return rows;
    rewrite.emit(node);
    return besides(attributeOf(node, attribute)?.integers ?? [byDefault], rows);
  };
}

/** As {@link along}; an input that is the same for all images is repeated, since these nodes do not broadcast. */
function alongRepeated(byDefault: number): Rule {
  return (node, rewrite) => {
    const rows = commonRows(node, rewrite);
    if (isBlocked(rows)) return rows;
    const others = node.inputs.filter((name) => name !== '' && rewrite.rowsOf(name) === undefined);
    if (others.length > 0 && rows.merged !== undefined) return blocked('one of its inputs is the same for all images');
    let changed = node;
    for (const name of others) changed = rewrite.withInput(changed, name, rewrite.repeat(name, rows));
    rewrite.emit(changed);
    return besides(attributeOf(node, 'axis')?.integers ?? [byDefault], rows);
  };
}

/** From operator set 13 on, softmax works along one axis; before, along all axes from that one on. */
const softmaxAlongOne = 13;

const softmax: Rule = (node, rewrite) => {
  const rows = commonRows(node, rewrite);
  if (isBlocked(rows)) return rows;
  rewrite.emit(node);
  const isAlongOne = rewrite.graph.opset >= softmaxAlongOne;
  const axis = resolveAxis(attributeOf(node, 'axis')?.integers[0] ?? (isAlongOne ? -1 : 1), rows.rank);
  const isAcross = isAlongOne ? axis === rows.axis : axis <= rows.axis;
  return isAcross ? blocked(acrossReason) : rows;
};

const layerNormalization: Rule = (node, rewrite) => {
  const rows = commonRows(node, rewrite);
  if (isBlocked(rows)) return rows;
  rewrite.emit(node);
  const from = resolveAxis(attributeOf(node, 'axis')?.integers[0] ?? -1, rows.rank);
  return from <= rows.axis ? blocked(acrossReason) : rows;
};

function reduce(byDefault: readonly number[] | undefined): Rule {
  return (node, rewrite) => {
    const rows = commonRows(node, rewrite);
    if (isBlocked(rows)) return rows;
    const attribute = attributeOf(node, 'axis')?.integers.map((axis) => resolveAxis(axis, rows.rank));
    const axes = attribute ?? rewrite.axesOf(node, rows.rank) ?? byDefault;
    if (axes === undefined || axes.length === 0) return blocked('it takes one value of all images together');
    rewrite.emit(node);
    const kept = besides(axes, rows);
    if (isBlocked(kept) || attributeOf(node, 'keepdims')?.integers[0] !== 0) return kept;
    const below = axes.filter((axis) => axis < rows.axis).length;
    return { ...rows, axis: rows.axis - below, rank: rows.rank - axes.length };
  };
}

/** Inputs of `Slice` from operator set 10 on. */
const sliceInput = { starts: 1, ends: 2, axes: 3 } as const;
const farEnd = 2n ** 63n - 1n;

const slice: Rule = (node, rewrite) => {
  const rows = commonRows(node, rewrite);
  if (isBlocked(rows)) return rows;
  const inputs = (index: number, attribute: string) =>
    attributeOf(node, attribute)?.integers ?? rewrite.constantOf(node.inputs[index]);
  const starts = inputs(sliceInput.starts, 'starts');
  const hasAxes = (node.inputs[sliceInput.axes] ?? '') !== '' || attributeOf(node, 'axes') !== undefined;
  const axes = hasAxes ? inputs(sliceInput.axes, 'axes') : starts?.map((_, index) => index);
  if (axes === undefined) return blocked('its axes are computed');
  const at = axes.findIndex((axis) => resolveAxis(axis, rows.rank) === rows.axis);
  const ends = at === -1 ? undefined : inputs(sliceInput.ends, 'ends');
  if (at === -1 || (ends?.[at] ?? 0) >= Number.MAX_SAFE_INTEGER) {
    rewrite.emit(node);
    return rows;
  }
  // At batch 1, this takes the only row there is.
  const isWhole = starts?.[at] === 0 && (ends?.[at] ?? 0) >= 1 && rows.merged === undefined;
  if (!isWhole || attributeOf(node, 'ends') !== undefined) return blocked(acrossReason);
  rewrite.emitWithInput(node, sliceInput.ends, rewrite.vector((ends ?? []).map(BigInt).with(at, farEnd)));
  return rows;
};

const gather: Rule = (node, rewrite) => {
  const [data, indices] = node.inputs.map((name) => rewrite.rowsOf(name));
  if (data?.isHidden || indices?.isHidden) return blocked(hiddenReason);
  if (data !== undefined && indices !== undefined) return blocked('it selects by indices that differ between images');
  const rank = rewrite.dimsOf(node.outputs[0])?.length;
  const axis = attributeOf(node, 'axis')?.integers[0] ?? 0;
  if (data === undefined) {
    const dataRank = rank === undefined ? undefined : rank - (indices as Rows).rank + 1;
    if (dataRank === undefined) return blocked('the shape of its result is not known');
    rewrite.emit(node);
    return { ...(indices as Rows), axis: resolveAxis(axis, dataRank) + (indices as Rows).axis, rank: rank as number };
  }
  const at = resolveAxis(axis, data.rank);
  if (at === data.axis) return gatherRow(node, rewrite, data);
  if (rank === undefined) return blocked('the shape of its result is not known');
  rewrite.emit(node);
  const by = rank - data.rank;
  return at < data.axis ? shifted(data, by) : { ...data, rank };
};

/** At batch 1, the first row is all there is. */
function gatherRow(node: GraphNode, rewrite: Rewrite, rows: Rows): Rows | Blocked {
  const [input = '', index] = node.inputs;
  const isFirst = rewrite.constantOf(index)?.every((value) => value === 0 || value === -1) ?? false;
  const indexRank = rewrite.dimsOf(index)?.length;
  if (!isFirst || rows.merged !== undefined || rows.axis !== 0 || indexRank === undefined || indexRank > 1) {
    return blocked(acrossReason);
  }
  rewrite.emit(createNode('Identity', [input], node.outputs[0] ?? ''));
  return indexRank === 1 ? rows : { axis: 0, rank: rows.rank - 1, isHidden: true };
}

const gatherNd: Rule = (node, rewrite) => {
  const rows = rewrite.rowsOf(node.inputs[0]);
  const indices = rewrite.rowsOf(node.inputs[1]);
  const rank = rewrite.dimsOf(node.outputs[0])?.length;
  const batchDims = attributeOf(node, 'batch_dims')?.integers[0] ?? 0;
  const areRows = rows?.axis === 0 && indices?.axis === 0 && rows.isHidden !== true && indices.isHidden !== true;
  if (batchDims === 0 || !areRows || rank === undefined) return blocked('it selects entries of all images together');
  rewrite.emit(node);
  return { axis: 0, rank };
};

const reduction = reduce(undefined);
const picked = reduce([0]);
const reductions = ['Max', 'Min', 'Mean', 'Sum', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'];

export const axisRules: Readonly<Record<string, Rule>> = {
  Concat: alongRepeated(0),
  GatherElements: alongRepeated(0),
  ScatterElements: alongRepeated(0),
  Split: along('axis', 0),
  TopK: along('axis', -1),
  Softmax: softmax,
  LogSoftmax: softmax,
  Hardmax: softmax,
  LayerNormalization: layerNormalization,
  Slice: slice,
  Gather: gather,
  GatherND: gatherNd,
  ArgMax: picked,
  ArgMin: picked,
  ...Object.fromEntries(reductions.map((name) => [`Reduce${name}`, reduction])),
};
