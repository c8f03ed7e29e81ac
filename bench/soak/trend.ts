/** Memory growth: the slope of a regression line through the quiet points. Pure. */

export interface Point {
  /** Hours since the start. */
  readonly hours: number;
  readonly bytes: number;
}

/** The warm-up is half an hour, or a quarter of a shorter run. */
const warmHours = 0.5;
const warmPart = 0.25;

/** Points after the warm-up, when caches are full and helper threads have started. */
export function afterWarmUp<Seen extends Pick<Point, 'hours'>>(seen: readonly Seen[], totalHours: number): Seen[] {
  const from = Math.min(warmHours, totalHours * warmPart);
  return seen.filter(({ hours }) => hours >= from);
}

/**
 * Slope of the least-squares line per hour, relative to the mean: 0.03 is 3 % per hour.
 * @returns `undefined` with fewer than three points, which is too few for a trend.
 */
export function growthPerHour(points: readonly Point[]): number | undefined {
  if (points.length < 3) return undefined;
  const mean = (of: (point: Point) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const meanHours = mean(({ hours }) => hours);
  const meanBytes = mean(({ bytes }) => bytes);
  const covariance = mean(({ hours, bytes }) => (hours - meanHours) * (bytes - meanBytes));
  const variance = mean(({ hours }) => (hours - meanHours) ** 2);
  return covariance / variance / meanBytes;
}
