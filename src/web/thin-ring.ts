/** Leaves out the points of an outline that make no visible difference, since drawing takes time per point. Pure. */
import type { Point, Polygon } from '../client/index.ts';

/** A point that is left out is at most this far from the line that replaces it, in the unit of `pixel`. */
const maxDeviation = 0.5;
/** Longest line that replaces points: many small turns add up to a large one. */
const maxLength = 10;

/**
 * Thins a closed outline.
 * @param pixel size of one pixel on the screen, in the unit of the outline.
 */
export function thinRing(ring: Polygon, pixel: number): Point[] {
  const kept: Point[] = [];
  for (const [index, point] of ring.entries()) {
    const last = kept.at(-1);
    const next = ring[(index + 1) % ring.length] as Point;
    if (last === undefined || !isNegligible(last, point, next, pixel)) kept.push(point);
  }
  return kept;
}

function isNegligible(last: Point, point: Point, next: Point, pixel: number): boolean {
  const [dx, dy] = [next[0] - last[0], next[1] - last[1]];
  const length = Math.hypot(dx, dy);
  if (length > maxLength * pixel) return false;
  const [px, py] = [point[0] - last[0], point[1] - last[1]];
  // Nearest place on the line from `last`, 0, to `next`, 1: a spike turns back beyond the line's end.
  const place = length === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length ** 2));
  return Math.hypot(px - place * dx, py - place * dy) < maxDeviation * pixel;
}
