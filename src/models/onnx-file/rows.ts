/** Where a value of a graph has its rows: the images of a batch. Any thread. */

/** A value that depends on the images. Its shape is that of the original file, where the batch is 1. */
export interface Rows {
  /** The dimension that grows with the batch. */
  readonly axis: number;
  /** Number of dimensions. */
  readonly rank: number;
  /**
   * Set if the dimension has other entries, too. `outer`: those of one image are adjacent, as in `[batch × boxes, 4]`. `inner`: those of
   * one image are apart, as in `[cells × batch, 64]`.
   */
  readonly merged?: 'outer' | 'inner';
  /** The file drops the batch dimension of 1. The new file keeps it as its first, in addition to `rank`. */
  readonly isHidden?: boolean;
}

/** Why the batch cannot be made free. */
export interface Blocked {
  readonly blocked: string;
}

export function blocked(reason: string): Blocked {
  return { blocked: reason };
}

export function isBlocked(value: Rows | Blocked): value is Blocked {
  return 'blocked' in value;
}

/** Resolves an axis that may count from the end. */
export function resolveAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** The same rows behind other dimensions. */
export function shifted(rows: Rows, by: number): Rows {
  return { ...rows, axis: rows.axis + by, rank: rows.rank + by };
}

export function isSame(a: Rows, b: Rows): boolean {
  return (
    a.axis === b.axis && a.rank === b.rank && a.merged === b.merged && (a.isHidden ?? false) === (b.isHidden ?? false)
  );
}
