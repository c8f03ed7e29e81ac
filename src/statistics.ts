/** Order statistics and smoothing of measurements. Pure; imports nothing. */

/**
 * Percentile by nearest rank.
 * @param sorted ascending.
 * @param part 0 to 1.
 * @returns NaN without values.
 */
export function percentile(sorted: ArrayLike<number>, part: number): number {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle value, or the mean of the two middle ones; NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/**
 * One step of an exponential moving average.
 * @param average undefined before the first value.
 * @param weight of the new value, 0 to 1.
 */
export function smooth(average: number | undefined, value: number, weight: number): number {
  return average === undefined ? value : average + weight * (value - average);
}
