/** Candidate boxes as columns of typed arrays, so that decoding a frame allocates nothing. Worker threads. */

/**
 * Corners in input pixels, score 0 to 1, class index, and the box's row in the output. The first `count` entries are valid. Models may
 * return anything: coordinates and scores may be infinite, coordinates also NaN, and the class is -1 if it is none.
 */
export interface Candidates {
  count: number;
  readonly x1: Float32Array;
  readonly y1: Float32Array;
  readonly x2: Float32Array;
  readonly y2: Float32Array;
  readonly score: Float32Array;
  readonly classIndex: Int32Array;
  readonly row: Int32Array;
}

export function createCandidates(capacity: number): Candidates {
  return {
    count: 0,
    x1: new Float32Array(capacity),
    y1: new Float32Array(capacity),
    x2: new Float32Array(capacity),
    y2: new Float32Array(capacity),
    score: new Float32Array(capacity),
    classIndex: new Int32Array(capacity),
    row: new Int32Array(capacity),
  };
}

/** Candidates of one run; further ones are ignored. Only a threshold near 0 lets so many through. */
export const maxCandidates = 1_048_576;

/** @returns the same candidates with room for twice as many. */
export function growCandidates(candidates: Candidates): Candidates {
  const grown = createCandidates(Math.min(maxCandidates, 2 * candidates.score.length));
  grown.count = candidates.count;
  for (const column of ['x1', 'y1', 'x2', 'y2', 'score', 'classIndex', 'row'] as const) {
    grown[column].set(candidates[column]);
  }
  return grown;
}

const maxBits = 2 ** 32 - 1;

/**
 * Indices of all candidates, best score first; equal scores keep their order. Sorts numbers that hold both the score and the index,
 * which takes a fifth of the time of a comparison function. The bits of floats that are not negative have the order of the floats.
 */
export function byScore({ count, score }: Candidates): Uint32Array {
  const bits = new Uint32Array(score.buffer, score.byteOffset, count);
  const keys = new Float64Array(count);
  for (let index = 0; index < count; index++) keys[index] = (maxBits - (bits[index] as number)) * maxCandidates + index;
  keys.sort();
  return Uint32Array.from(keys, (key) => key % maxCandidates);
}
