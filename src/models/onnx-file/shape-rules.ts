/** How nodes that change the shape of a value treat its rows, and how they are rewritten so that the batch is free. Any thread. */
import { attributeOf, type GraphNode } from './graph.ts';
import { createNode, withAxes, withInputs } from './graph-writer.ts';
import type { Rewrite } from './rewrite.ts';
import { type Blocked, blocked, isBlocked, type Rows, resolveAxis } from './rows.ts';

/** A node's rule. It emits the node, perhaps changed, and returns the rows of all its outputs. */
export type Rule = (node: GraphNode, rewrite: Rewrite) => Rows | Blocked;

const hiddenReason = 'it takes an image without its batch dimension';

/** The rows of the first input. */
function visibleRows(node: GraphNode, rewrite: Rewrite): Rows | Blocked {
  const rows = rewrite.rowsOf(node.inputs[0]);
  if (rows === undefined) return blocked('one of its parameters depends on the image');
  return rows.isHidden ? blocked(hiddenReason) : rows;
}

/** Where the rows are after a reshape, and whether they share their dimension. */
interface Place {
  readonly axis: number;
  readonly merged?: 'outer' | 'inner';
}

/**
 * A reshape keeps the order of all values, so the batch stays behind the same number of outer values: `cut`. At that place there is a
 * dimension of 1 for it, or it shares a neighboring one.
 */
function placeAt(cut: number, dims: readonly number[], before: number): Place | undefined {
  const outer = [1];
  for (const dim of dims) outer.push((outer.at(-1) as number) * dim);
  const starting = [...dims.keys()].filter((axis) => outer[axis] === cut);
  const own = starting.filter((axis) => dims[axis] === 1);
  const [first] = own;
  if (first !== undefined) return { axis: own.includes(before) ? before : first };
  const axis = starting[0] ?? dims.length;
  // A matrix keeps its columns. With more dimensions, attention merges the batch with its heads.
  if (cut > 1 && outer[axis] === cut && dims.length <= 2) return { axis: axis - 1, merged: 'inner' };
  return axis < dims.length ? { axis, merged: 'outer' } : undefined;
}

/** Number of values outside of the rows; `undefined` if the shape is not known. */
function cutOf({ axis, merged }: Rows, dims: readonly number[] | undefined): number | undefined {
  if (axis === 0 && merged !== 'inner') return 1;
  return dims?.slice(0, merged === 'inner' ? axis + 1 : axis).reduce((product, dim) => product * dim, 1);
}

const reshape: Rule = (node, rewrite) => {
  const rows = visibleRows(node, rewrite);
  if (isBlocked(rows)) return rows;
  const target = rewrite.constantOf(node.inputs[1]);
  if (target === undefined) return reshapeComputed(node, rewrite, rows);
  const dims = rewrite.dimsOf(node.outputs[0]) ?? (target.every((dim) => dim > 0) ? target : undefined);
  const cut = cutOf(rows, rewrite.dimsOf(node.inputs[0]));
  if (cut === undefined || dims === undefined) return blocked('the shapes around it are not known');
  const place = placeAt(cut, dims, rows.axis);
  if (place === undefined) return blocked(`its shape [${target.join(', ')}] has no dimension for the batch`);
  const isCopied = rows.axis === place.axis && rows.merged === undefined && place.merged === undefined;
  const mayCopy = isCopied && attributeOf(node, 'allowzero')?.integers[0] !== 1;
  const free = freeShape(target, dims, place.axis, mayCopy);
  if (free !== target && !mayCopy && rewrite.hasFreeSize && target.includes(-1))
    return blocked('the size of the images is free');
  if (free === target) rewrite.emit(node);
  else rewrite.emitWithInput(node, 1, rewrite.vector(free));
  return { ...place, rank: target.length };
};

/** The shape with the dimension at `axis` free: 0 copies that of the input, and -1 is computed from all others. */
function freeShape(
  target: readonly number[],
  dims: readonly number[],
  axis: number,
  mayCopy: boolean,
): readonly number[] {
  if (target[axis] === -1 || (target[axis] === 0 && mayCopy)) return target;
  if (mayCopy) return target.with(axis, 0);
  // There can be one -1 only, and the batch needs it.
  return target.map((dim, index) => (dim === -1 ? (dims[index] as number) : dim)).with(axis, -1);
}

/** A shape that the graph computes. If it starts with a constant 1, the batch is pinned there; otherwise it comes from the input. */
function reshapeComputed(node: GraphNode, rewrite: Rewrite, rows: Rows): Rows | Blocked {
  const rank = rewrite.dimsOf(node.outputs[0])?.length;
  if (rank === undefined || rows.axis !== 0) return blocked('its shape is computed');
  const shape = rewrite.producerOf(node.inputs[1]);
  const first = shape?.opType === 'Concat' ? rewrite.constantOf(shape.inputs[0]) : undefined;
  if (shape === undefined || first?.[0] !== 1 || rows.merged !== undefined) rewrite.emit(node);
  else {
    const parts = [rewrite.vector(first.with(0, 0)), ...shape.inputs.slice(1)];
    rewrite.emitWithInput(node, 1, rewrite.compute('Concat', parts, { axis: 0 }));
  }
  return { axis: 0, rank, ...(rows.merged && { merged: rows.merged }) };
}

/** Whether all that happens to a value is that its dropped batch dimension is put back. */
function isPutBack(name: string, rewrite: Rewrite): boolean {
  const consumers = rewrite.consumersOf(name);
  const putsBack = (node: GraphNode) => {
    if (node.opType === 'Unsqueeze')
      return (attributeOf(node, 'axes')?.integers ?? rewrite.constantOf(node.inputs[1]))?.includes(0);
    return node.opType === 'Cast' && isPutBack(node.outputs[0] ?? '', rewrite);
  };
  return consumers.length > 0 && consumers.every(putsBack);
}

/** Dimensions that stay in `[0, 0, -1]`, which flattens all but the first two. */
const flattenedFrom = 2;

const flatten: Rule = (node, rewrite) => {
  const rows = visibleRows(node, rewrite);
  if (isBlocked(rows)) return rows;
  const at = resolveAxis(attributeOf(node, 'axis')?.integers[0] ?? 1, rows.rank);
  if (rows.axis !== 0 || at === 0) return blocked('it mixes the batch with other dimensions');
  const [output = ''] = node.outputs;
  if (at === flattenedFrom && rows.merged === undefined && isPutBack(output, rewrite)) {
    const reshaped = rewrite.compute('Reshape', [node.inputs[0] ?? '', rewrite.vector([0, 0, -1])]);
    rewrite.emit(createNode('Identity', [reshaped], output));
    return { axis: 0, rank: 2, isHidden: true };
  }
  rewrite.emit(node);
  const merged = rows.merged ?? (at === 1 ? undefined : 'outer');
  return { axis: 0, rank: 2, ...(merged && { merged }) };
};

const unsqueeze: Rule = (node, rewrite) => {
  const rows = rewrite.rowsOf(node.inputs[0]);
  if (rows === undefined) return blocked('one of its parameters depends on the image');
  const count = (attributeOf(node, 'axes')?.integers ?? rewrite.constantOf(node.inputs[1]))?.length ?? 0;
  const rank = rows.rank + count;
  const axes = rewrite.axesOf(node, rank);
  if (axes === undefined) return blocked('its axes are computed');
  if (rows.isHidden) return unhide(node, rewrite, axes, rank);
  rewrite.emit(node);
  const kept = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !axes.includes(axis));
  return { ...rows, axis: kept[rows.axis] as number, rank };
};

/** Puts back a dropped batch dimension, which the new file has kept. */
function unhide(node: GraphNode, rewrite: Rewrite, axes: readonly number[], rank: number): Rows | Blocked {
  if (!axes.includes(0)) return blocked(hiddenReason);
  const others = axes.filter((axis) => axis !== 0);
  emitAxes(node, rewrite, others);
  return { axis: 0, rank };
}

/** Emits a node with other axes; with none, it would do nothing. */
function emitAxes(node: GraphNode, rewrite: Rewrite, axes: readonly number[]): void {
  const [input = ''] = node.inputs;
  const [output = ''] = node.outputs;
  if (axes.length === 0) rewrite.emit(createNode('Identity', [input], output));
  else if (attributeOf(node, 'axes') === undefined) rewrite.emit(withInputs(node, [input, rewrite.vector(axes)]));
  else rewrite.emit(withAxes(node, axes));
}

const squeeze: Rule = (node, rewrite) => {
  const rows = visibleRows(node, rewrite);
  if (isBlocked(rows)) return rows;
  const axes = rewrite.axesOf(node, rows.rank);
  if (axes === undefined) return blocked('it drops whatever dimensions are 1');
  const rank = rows.rank - axes.length;
  if (!axes.includes(rows.axis)) {
    rewrite.emit(node);
    return { ...rows, axis: rows.axis - axes.filter((axis) => axis < rows.axis).length, rank };
  }
  if (rows.axis !== 0 || rows.merged !== undefined) return blocked('it drops the batch dimension');
  emitAxes(
    node,
    rewrite,
    axes.filter((axis) => axis !== 0),
  );
  return { axis: 0, rank, isHidden: true };
};

const transpose: Rule = (node, rewrite) => {
  const rows = visibleRows(node, rewrite);
  if (isBlocked(rows)) return rows;
  rewrite.emit(node);
  const order = attributeOf(node, 'perm')?.integers;
  return { ...rows, axis: order === undefined ? rows.rank - 1 - rows.axis : order.indexOf(rows.axis) };
};

/** A 1 in the shape leaves the batch as it is. */
const expand: Rule = (node, rewrite) => {
  const rows = visibleRows(node, rewrite);
  if (isBlocked(rows)) return rows;
  const target = rewrite.constantOf(node.inputs[1]);
  const rank = target?.length ?? rewrite.dimsOf(node.outputs[0])?.length;
  if (rank === undefined) return blocked('its shape is computed');
  const by = Math.max(0, rank - rows.rank);
  const size = target?.at(rows.axis - rows.rank);
  if (rows.merged !== undefined && size !== undefined && size !== 1) return blocked('its shape is fixed');
  rewrite.emit(node);
  return { ...rows, axis: rows.axis + by, rank: rows.rank + by };
};

export const shapeRules: Readonly<Record<string, Rule>> = {
  Reshape: reshape,
  Flatten: flatten,
  Unsqueeze: unsqueeze,
  Squeeze: squeeze,
  Transpose: transpose,
  Expand: expand,
};
