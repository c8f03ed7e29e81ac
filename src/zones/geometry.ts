/** Plane geometry of areas and lines, in pixels. Pure. */
import type { Point } from '../protocol.ts';

/** Even-odd rule: a point is inside if a ray to the right crosses the outline an odd number of times. */
export function isInside([x, y]: Point, area: readonly Point[]): boolean {
  let inside = false;
  forEachEdge(area, ([x1, y1], [x2, y2]) => {
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
  });
  return inside;
}

/** Distance from a point to the outline of an area. */
export function distanceToOutline(point: Point, area: readonly Point[]): number {
  let least = Number.POSITIVE_INFINITY;
  forEachEdge(area, (from, to) => {
    least = Math.min(least, distanceToSegment(point, from, to));
  });
  return least;
}

/**
 * Distance from a point to the straight line through `from` and `to`: positive on the right as seen from `from` toward `to`, with y
 * pointing down, negative on the left.
 */
export function signedDistance([x, y]: Point, [x1, y1]: Point, [x2, y2]: Point): number {
  const length = Math.hypot(x2 - x1, y2 - y1);
  return ((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)) / length;
}

/** Whether two segments have a point in common. Segments on the same straight line do not count: moving along a line is not crossing it. */
export function segmentsCross(a1: Point, a2: Point, b1: Point, b2: Point): boolean {
  const turn = ([x1, y1]: Point, [x2, y2]: Point, [x, y]: Point) => (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1);
  const [startSide, endSide] = [turn(b1, b2, a1), turn(b1, b2, a2)];
  if (startSide === 0 && endSide === 0) return false;
  return startSide * endSide <= 0 && turn(a1, a2, b1) * turn(a1, a2, b2) <= 0;
}

function forEachEdge(area: readonly Point[], visit: (from: Point, to: Point) => void): void {
  let from = area.at(-1);
  for (const to of area) {
    if (from !== undefined) visit(from, to);
    from = to;
  }
}

function distanceToSegment([x, y]: Point, [x1, y1]: Point, [x2, y2]: Point): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const lengthSquared = dx * dx + dy * dy;
  const along = lengthSquared === 0 ? 0 : ((x - x1) * dx + (y - y1) * dy) / lengthSquared;
  const nearest = Math.min(1, Math.max(0, along));
  return Math.hypot(x - (x1 + nearest * dx), y - (y1 + nearest * dy));
}
