/** What happened to the frames: counters for each camera, their sums, and how evenly results were spread. Pure. */
import type { Age } from './newest-age.ts';

/** Every frame that was offered ends in exactly one of `notSent`, `results`, `dropped`, `errors` and `unanswered`. */
export interface FrameCounts {
  /** Its time had come. */
  offered: number;
  /** It was handed to a socket. */
  sent: number;
  /** It was not: the socket held too much that was unsent, or there was no connection. */
  notSent: number;
  results: number;
  dropped: number;
  /** Its session ended before it was answered. */
  errors: number;
  /** No answer came until the end of the grace. */
  unanswered: number;
}

/** All counts of one camera. */
export interface CameraCounts extends FrameCounts {
  slowDowns: number;
  /** Messages that the contract does not know, and answers to frames that wait for none. */
  unexpected: number;
  bytesSent: number;
  bytesReceived: number;
  /** How often each error of the contract was said; `other` is any that is not of it. */
  readonly errorCodes: Record<string, number>;
  /** Close codes of connections that the server ended, or that could not be opened (`refused`). */
  readonly closes: Record<string, number>;
}

export interface CameraTally extends CameraCounts {
  readonly camera: number;
  readonly group: number;
  readonly fps: number;
  readonly age: Age;
}

export function emptyCounts(): CameraCounts {
  return {
    offered: 0,
    sent: 0,
    notSent: 0,
    results: 0,
    dropped: 0,
    errors: 0,
    unanswered: 0,
    slowDowns: 0,
    unexpected: 0,
    bytesSent: 0,
    bytesReceived: 0,
    errorCodes: {},
    closes: {},
  };
}

/** Adds one to the count of a name. */
export function countName(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

export function sumCounts(parts: readonly CameraCounts[]): CameraCounts {
  const sum = emptyCounts();
  for (const part of parts) {
    for (const key of Object.keys(sum) as (keyof CameraCounts)[]) {
      if (key === 'errorCodes' || key === 'closes') addNames(sum[key], part[key]);
      else sum[key] += part[key];
    }
  }
  return sum;
}

function addNames(sum: Record<string, number>, part: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(part)) sum[name] = (sum[name] ?? 0) + count;
}

/** Jain's index of fairness: 1 when all have the same, 1/n when one has everything (Jain, Chiu, Hawe 1984). */
export function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return squares === 0 ? 1 : (sum * sum) / (values.length * squares);
}

/**
 * What each would get of `total` if it were shared out max-min fairly: nobody gets more than it asks for, and what one
 * does not need goes to the others in equal parts.
 */
export function fairShares(demands: readonly number[], total: number): number[] {
  const shares = demands.map(() => 0);
  const byDemand = [...demands.entries()].sort(([, a], [, b]) => a - b);
  let left = total;
  byDemand.forEach(([index, demand], position) => {
    const share = Math.min(demand, left / (byDemand.length - position));
    shares[index] = share;
    left -= share;
  });
  return shares;
}

/**
 * Jain's index of the results that each camera got, measured as the paper does: as a part of its max-min fair share of
 * all results. For cameras with the same rate that is the index of the plain numbers; a slow camera that gets a result
 * for each of its few frames does not look unfair beside a fast one that gets more.
 */
export function fairnessOf(cameras: readonly Pick<FrameCounts, 'offered' | 'results'>[]): number {
  const demanding = cameras.filter(({ offered }) => offered > 0);
  const total = demanding.reduce((sum, { results }) => sum + results, 0);
  const shares = fairShares(
    demanding.map(({ offered }) => offered),
    total,
  );
  return jainIndex(demanding.map(({ results }, index) => (total === 0 ? 0 : results / (shares[index] as number))));
}
