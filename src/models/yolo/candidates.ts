/** Candidate boxes as columns of typed arrays, so that decoding a frame allocates nothing. Worker threads. */

/** Corners in input pixels, score 0 to 1, class index, and the box's row in the output. The first `count` entries are valid. */
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

/** Indices of all candidates, best score first; equal scores keep their order. */
export function byScore({ count, score }: Candidates): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  return order.sort((a, b) => (score[b] as number) - (score[a] as number) || a - b);
}
