/** Whether memory grows: the slope of a line through what was seen at quiet points. Pure. */

export interface Point {
  /** Hours from the start. */
  readonly hours: number;
  readonly bytes: number;
}

/** The whole first half hour does not count, of short runs the first quarter. */
const warmHours = 0.5;
const warmPart = 0.25;

/** Points that count: those after caches have filled and helper threads have started. */
export function afterWarmUp<Seen extends Pick<Point, 'hours'>>(seen: readonly Seen[], totalHours: number): Seen[] {
  const from = Math.min(warmHours, totalHours * warmPart);
  return seen.filter(({ hours }) => hours >= from);
}

/**
 * Slope of the line of least squares, in parts of the mean an hour: 0.03 is 3 % an hour.
 * @returns `undefined` with fewer than three points, through which any line goes.
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
