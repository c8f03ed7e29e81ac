/** Frame counters per camera, their sums, and the fairness of the results. Pure. */
import type { Age } from './newest-age.ts';

/** Every offered frame ends in exactly one of `notSent`, `results`, `dropped`, `errors` and `unanswered`. */
export interface FrameCounts {
  /** Frames that were due. */
  offered: number;
  /** Frames written to a socket. */
  sent: number;
  /** Frames not written: send buffer full, no connection, or generator too late. */
  notSent: number;
  results: number;
  dropped: number;
  /** Frames whose session ended before a reply arrived. */
  errors: number;
  /** Frames without a reply at the end of the drain timeout. */
  unanswered: number;
}

/** All counts of one camera. */
export interface CameraCounts extends FrameCounts {
  slowDowns: number;
  /** Messages that are not part of the protocol, and replies to frames that are not pending. */
  unexpected: number;
  bytesSent: number;
  bytesReceived: number;
  /** Error messages by code; `other` for codes that are not part of the protocol. */
  readonly errorCodes: Record<string, number>;
  /** Connections closed by the server, by close code; `refused` for those that could not be opened. */
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

/** Increments the count of a name. */
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

/** Jain's fairness index: 1 if all values are equal, 1/n if one has everything (Jain, Chiu, Hawe 1984). */
export function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return squares === 0 ? 1 : (sum * sum) / (values.length * squares);
}

/**
 * Max-min fair shares of `total`: no share exceeds its demand, and what one does not need is divided equally among the others.
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
 * Jain's index of the cameras' results, each relative to its max-min fair share of all results, as in the paper. For cameras
 * with the same rate it equals the index of the plain counts. A slow camera that gets a result for each of its few frames
 * is not treated unfairly although a fast one gets more.
 */
export function fairnessIndex(cameras: readonly Pick<FrameCounts, 'offered' | 'results'>[]): number {
  const demanding = cameras.filter(({ offered }) => offered > 0);
  const total = demanding.reduce((sum, { results }) => sum + results, 0);
  const shares = fairShares(
    demanding.map(({ offered }) => offered),
    total,
  );
  return jainIndex(demanding.map(({ results }, index) => (total === 0 ? 0 : results / (shares[index] as number))));
}
