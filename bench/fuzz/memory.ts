/** Distinguishes growth from noise in a series of memory samples. Pure. */
import { median } from '../../src/statistics.ts';

export interface Growth {
  /** Medians in bytes. */
  readonly from: number;
  readonly to: number;
  readonly isLeak: boolean;
}

/** The first tenth of the samples is warm-up. */
const warmUpShare = 0.1;
/** With fewer samples, growth is never reported. */
const minFigures = 9;
/** Normal variation for the same work: memory retained by the allocator, late compilation. */
const noiseBytes = 48 * 1_048_576;
const noiseShare = 0.15;

/** Compares the first and last thirds after the warm-up. */
export function growthOf(bytes: readonly number[]): Growth {
  const steady = bytes.slice(Math.ceil(bytes.length * warmUpShare));
  const third = Math.ceil(steady.length / 3);
  const from = median(steady.slice(0, third)) || 0;
  const to = median(steady.slice(-third)) || 0;
  const isLeak = bytes.length >= minFigures && to > from * (1 + noiseShare) + noiseBytes;
  return { from, to, isLeak };
}
