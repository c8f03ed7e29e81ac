/** Aligns a recognized text with the columns of the texts before it. Worker threads. */

/** What an alignment joins: a column and a character. One of them alone stands opposite a gap. */
export interface AlignedPair {
  /** Index of the column; undefined if the character is in none of them. */
  readonly column: number | undefined;
  /** Index of the character; undefined if the text has none for the column. */
  readonly character: number | undefined;
}

/** Costs of an alignment; 0 for what fits perfectly. */
export interface AlignmentCosts {
  /** Of a character in a column. */
  match(column: number, character: number): number;
  /** Of a column for which the text has no character. */
  skip(column: number): number;
  /** Of a character for which there is no column. */
  insert(character: number): number;
}

/**
 * Global alignment at the least cost (Needleman and Wunsch 1970). Takes time and memory for columns × characters, so both must be bounded.
 * @returns pairs in the order of the text. Each column and each character is in exactly one.
 */
export function align(columns: number, characters: number, costs: AlignmentCosts): readonly AlignedPair[] {
  const width = characters + 1;
  /** Least cost of the first columns (row) with the first characters. */
  const totals = new Float64Array((columns + 1) * width);
  const moves = new Int8Array(totals.length);
  for (let at = 1; at < totals.length; at++) {
    const [row, rank] = [Math.floor(at / width), at % width];
    const skipped = row > 0 ? (totals[at - width] as number) + costs.skip(row - 1) : Number.POSITIVE_INFINITY;
    const inserted = rank > 0 ? (totals[at - 1] as number) + costs.insert(rank - 1) : Number.POSITIVE_INFINITY;
    const matched =
      row > 0 && rank > 0
        ? (totals[at - width - 1] as number) + costs.match(row - 1, rank - 1)
        : Number.POSITIVE_INFINITY;
    const least = Math.min(skipped, inserted, matched);
    totals[at] = least;
    moves[at] = least === matched ? matchMove : least === skipped ? skipMove : insertMove;
  }
  return traceBack(moves, columns, characters);
}

const matchMove = 0;
const skipMove = 1;
const insertMove = 2;

function traceBack(moves: Int8Array, columns: number, characters: number): readonly AlignedPair[] {
  const pairs: AlignedPair[] = [];
  for (let [row, rank] = [columns, characters]; row > 0 || rank > 0; ) {
    const move = moves[row * (characters + 1) + rank];
    const [hasColumn, hasCharacter] = [move !== insertMove, move !== skipMove];
    if (hasColumn) row--;
    if (hasCharacter) rank--;
    pairs.push({ column: hasColumn ? row : undefined, character: hasCharacter ? rank : undefined });
  }
  return pairs.reverse();
}
