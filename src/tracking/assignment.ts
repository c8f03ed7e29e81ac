/** Optimal assignment of rows to columns. Pure; worker threads. */

/** A pair that may be assigned. */
export interface Pair {
  readonly row: number;
  readonly column: number;
  /** A pair with a cost of 0 or more is never assigned: leaving both alone costs 0. */
  readonly cost: number;
}

/**
 * Chooses pairs such that each row and column is in at most one, and the sum of costs is minimal (maximum-weight matching).
 *
 * Rows and columns that are connected by pairs are solved by themselves, with the Hungarian algorithm by shortest augmenting paths (Jonker and
 * Volgenant 1987). Most groups are one row and one column. At worst, with R rows and C columns in one group, it takes R²C steps.
 */
export function assign(pairs: readonly Pair[]): readonly Pair[] {
  const useful = pairs.filter((pair) => pair.cost < 0);
  return groupsOf(useful).flatMap((group) => (group.length === 1 ? group : new Group(group).solve()));
}

/** Pairs that share rows or columns, directly or through others, in the order in which they first appear. */
function groupsOf(pairs: readonly Pair[]): Pair[][] {
  const parents = new Map<number, number>();
  const rootOf = (node: number): number => {
    let root = node;
    for (let parent = parents.get(root); parent !== undefined && parent !== root; parent = parents.get(root))
      root = parent;
    // Shortens the way for the next search.
    for (let at = node; at !== root; ) {
      const next = parents.get(at) ?? root;
      parents.set(at, root);
      at = next;
    }
    return root;
  };
  // Rows have even node numbers and columns have odd ones.
  for (const { row, column } of pairs) parents.set(rootOf(2 * row), rootOf(2 * column + 1));
  const groups = new Map<number, Pair[]>();
  for (const pair of pairs) {
    const root = rootOf(2 * pair.row);
    const group = groups.get(root);
    if (group === undefined) groups.set(root, [pair]);
    else group.push(pair);
  }
  return [...groups.values()];
}

const none = -1;

/** The dense problem of one group. Each row has one more column of its own, at a cost of 0, which stands for no assignment. */
class Group {
  readonly #rows: readonly number[];
  readonly #columns: readonly number[];
  readonly #width: number;
  readonly #costs: Float64Array;
  readonly #pairs: (Pair | undefined)[];
  /** Potentials of the dual problem: a pair's reduced cost is its cost less both, and never negative. */
  readonly #rowPotentials: Float64Array;
  readonly #columnPotentials: Float64Array;
  readonly #rowOfColumn: Int32Array;

  constructor(pairs: readonly Pair[]) {
    this.#rows = [...new Set(pairs.map((pair) => pair.row))];
    this.#columns = [...new Set(pairs.map((pair) => pair.column))];
    const [height, width] = [this.#rows.length, this.#columns.length];
    const rowIndex = new Map(this.#rows.map((row, index) => [row, index]));
    const columnIndex = new Map(this.#columns.map((column, index) => [column, index]));
    this.#width = width;
    this.#costs = new Float64Array(height * width).fill(Number.POSITIVE_INFINITY);
    this.#pairs = new Array(height * width);
    for (const pair of pairs) {
      const index = (rowIndex.get(pair.row) as number) * width + (columnIndex.get(pair.column) as number);
      if (pair.cost >= (this.#costs[index] as number)) continue;
      this.#costs[index] = pair.cost;
      this.#pairs[index] = pair;
    }
    this.#rowPotentials = new Float64Array(height);
    this.#columnPotentials = new Float64Array(width + height);
    this.#rowOfColumn = new Int32Array(width + height).fill(none);
  }

  solve(): Pair[] {
    for (let row = 0; row < this.#rows.length; row++) this.#augment(row);
    const chosen: Pair[] = [];
    for (let column = 0; column < this.#width; column++) {
      const row = this.#rowOfColumn[column] as number;
      const pair = row === none ? undefined : this.#pairs[row * this.#width + column];
      if (pair !== undefined) chosen.push(pair);
    }
    return chosen;
  }

  /** Assigns one more row along the shortest path that ends at a free column. */
  #augment(start: number): void {
    const size = this.#columnPotentials.length;
    const distances = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
    const rowBefore = new Int32Array(size).fill(none);
    const done = new Uint8Array(size);
    const path: number[] = [];
    let row = start;
    let reached = 0;
    let end = none;
    while (end === none) {
      this.#relax(row, reached, distances, rowBefore, done);
      const nearest = nearestColumn(distances, done);
      done[nearest] = 1;
      path.push(nearest);
      reached = distances[nearest] as number;
      row = this.#rowOfColumn[nearest] as number;
      if (row === none) end = nearest;
    }
    this.#updatePotentials(start, path, distances, reached);
    this.#flip(start, end, rowBefore);
  }

  /** Shortens the distances of the columns that `row` can reach. */
  #relax(row: number, reached: number, distances: Float64Array, rowBefore: Int32Array, done: Uint8Array): void {
    const width = this.#width;
    const base = reached - (this.#rowPotentials[row] as number);
    const reach = (column: number, cost: number) => {
      const distance = base + cost - (this.#columnPotentials[column] as number);
      if (done[column] === 0 && distance < (distances[column] as number)) {
        distances[column] = distance;
        rowBefore[column] = row;
      }
    };
    for (let column = 0; column < width; column++) reach(column, this.#costs[row * width + column] as number);
    reach(width + row, 0);
  }

  #updatePotentials(start: number, path: readonly number[], distances: Float64Array, reached: number): void {
    this.#rowPotentials[start] = (this.#rowPotentials[start] as number) + reached;
    for (const column of path) {
      const slack = reached - (distances[column] as number);
      this.#columnPotentials[column] = (this.#columnPotentials[column] as number) - slack;
      const row = this.#rowOfColumn[column] as number;
      if (row !== none) this.#rowPotentials[row] = (this.#rowPotentials[row] as number) + slack;
    }
  }

  /** Moves each row of the path to the column that follows it. */
  #flip(start: number, end: number, rowBefore: Int32Array): void {
    const columnOfRow = new Map<number, number>();
    for (const [column, row] of this.#rowOfColumn.entries()) if (row !== none) columnOfRow.set(row, column);
    let column = end;
    for (;;) {
      const row = rowBefore[column] as number;
      this.#rowOfColumn[column] = row;
      if (row === start) return;
      column = columnOfRow.get(row) as number;
    }
  }
}

function nearestColumn(distances: Float64Array, done: Uint8Array): number {
  let nearest = none;
  for (let column = 0; column < distances.length; column++) {
    if (done[column] === 1) continue;
    if (nearest === none || (distances[column] as number) < (distances[nearest] as number)) nearest = column;
  }
  return nearest;
}
