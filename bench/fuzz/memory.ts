/** Tells growth from noise in a row of memory figures. Pure. */

export interface Growth {
  /** Medians, bytes. */
  readonly from: number;
  readonly to: number;
  readonly isLeak: boolean;
}

/** A tenth of the figures is the warm-up. */
const warmUpShare = 0.1;
/** With fewer figures nothing is told. */
const minFigures = 9;
/** The same work gives figures that differ by about this much: pages that an allocator holds, code that is compiled late. */
const noiseBytes = 48 * 1_048_576;
const noiseShare = 0.15;

/** Compares the third after the warm-up with the last third. */
export function growthOf(bytes: readonly number[]): Growth {
  const steady = bytes.slice(Math.ceil(bytes.length * warmUpShare));
  const third = Math.ceil(steady.length / 3);
  const from = median(steady.slice(0, third));
  const to = median(steady.slice(-third));
  const isLeak = bytes.length >= minFigures && to > from * (1 + noiseShare) + noiseBytes;
  return { from, to, isLeak };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
