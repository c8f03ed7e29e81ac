/** How many frames each gateway may have in flight on a host. Pure. */

/** What a gateway would use of this host. */
export interface Claim {
  /** Frames in flight here that would satisfy it; may be a fraction. */
  readonly demand: number;
  /** Shares are proportional to it: the number of its active sessions. */
  readonly weight: number;
}

/** Of a sum of fractions that should be whole. */
const roundingError = 1e-9;

/**
 * Weighted max–min fair shares of `slots`: nobody gets more than it claims, and what one does not need is shared among the others
 * (Bertsekas and Gallager, Data Networks, 6.5.2).
 * @returns shares by key; they may be fractions.
 */
export function fairShares<Key>(claims: ReadonlyMap<Key, Claim>, slots: number): Map<Key, number> {
  // Those satisfied with the smallest share per weight come first.
  const byLevel = [...claims].sort(([, a], [, b]) => a.demand / a.weight - b.demand / b.weight);
  const shares = new Map<Key, number>();
  let leftSlots = slots;
  let leftWeight = sumOf(byLevel.map(([, { weight }]) => weight));
  for (const [key, { demand, weight }] of byLevel) {
    const share = Math.min(demand, (leftSlots * weight) / leftWeight);
    shares.set(key, share);
    leftSlots -= share;
    leftWeight -= weight;
  }
  return shares;
}

/**
 * The limit of each gateway: everything but the shares of the others, so that no slot stays empty while somebody could use it. Limits of
 * gateways that need less than their share overlap; a frame that finds no room after all is refused and runs elsewhere.
 *
 * Each gets at least 1, so that it can start. With more gateways than slots, this would be too much: then only some get 1.
 * @param offset 0 to 1: decides which of them. Different for each host and each time, so that everyone's turn comes.
 */
export function limitsOf<Key>(claims: ReadonlyMap<Key, Claim>, slots: number, offset = 0): Map<Key, number> {
  const shares = fairShares(claims, slots);
  const spare = slots - sumOf(shares.values());
  if (claims.size <= slots)
    return new Map([...shares].map(([key, share]) => [key, Math.max(1, Math.round(share + spare))]));
  const weights = sumOf([...claims.values()].map(({ weight }) => weight));
  let reached = offset + roundingError;
  return new Map(
    [...claims].map(([key, { weight }]) => {
      const from = Math.floor(reached);
      reached += (shares.get(key) ?? 0) + (spare * weight) / weights;
      return [key, Math.floor(reached) - from];
    }),
  );
}

function sumOf(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

/** Over a link so slow that more would be needed, workers are idle at times: the frames would be too old anyway. */
const maxAheadPerWorker = 8;

/**
 * Frames beyond the running ones that may be on their way or waiting, so that a worker that becomes free finds its next frame: as many as
 * are freed while a frame and a reply travel, and one that waits, since that is only the average; but not more than one per worker.
 * @param networkMs how long both travel together.
 * @param serviceMs how long a frame occupies a worker; undefined until that is known.
 */
export function framesAhead(workers: number, networkMs: number, serviceMs: number | undefined): number {
  if (workers === 0) return 0;
  const freed = serviceMs === undefined || serviceMs === 0 ? 0 : Math.ceil((workers * networkMs) / serviceMs);
  return Math.min(maxAheadPerWorker * workers, Math.max(freed, Math.min(freed + 1, workers)));
}
