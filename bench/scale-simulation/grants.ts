/** How a host divides its places among the gateways. Pure. */

/** What a gateway tells a host. */
export interface Claim {
  /** Frames that it could have in flight at this host. */
  readonly demand: number;
  /** Its active sessions. */
  readonly weight: number;
}

/**
 * Weighted max-min fair shares: no share exceeds its demand, and what one does not need goes to the others by their weights. Places that
 * nobody needs are divided by weight too, for bursts.
 * @param offset 0 to 1, different for each host: where the places are whole numbers and fewer than the gateways, it decides who gets one.
 * @returns whole numbers whose sum is `places`, each less than 1 away from its share.
 */
export function grantsFor(claims: readonly Claim[], places: number, offset: number): number[] {
  const shares = fairShares(claims, places);
  const spare = places - shares.reduce((sum, share) => sum + share, 0);
  const weights = claims.reduce((sum, { weight }) => sum + weight, 0);
  let reached = offset;
  return shares.map((share, index) => {
    const from = Math.floor(reached);
    reached += share + (weights === 0 ? 0 : (spare * (claims[index] as Claim).weight) / weights);
    // The last sum may be off by rounding.
    return Math.floor(reached + 1e-9) - from;
  });
}

function fairShares(claims: readonly Claim[], places: number): number[] {
  const shares = claims.map(() => 0);
  let left = places;
  let weights = claims.reduce((sum, { weight }) => sum + weight, 0);
  const byNeed = [...claims.entries()].sort(([, a], [, b]) => a.demand * b.weight - b.demand * a.weight);
  for (const [index, { demand, weight }] of byNeed) {
    const share = weights === 0 ? 0 : Math.min(demand, (left * weight) / weights);
    shares[index] = share;
    left -= share;
    weights -= weight;
  }
  return shares;
}
