/** Removes corners from rings that hardly change their outline. Any thread. */
import type { Ring } from './contours.ts';

/** Points of the smallest polygon. */
const minPoints = 3;
/** Corners that are simplified together: the time grows with the square of this at worst, as for a comb whose teeth grow. */
const maxSpan = 1024;

/**
 * Douglas and Peucker's algorithm on a closed ring: every removed corner is within `tolerance` of the ring that remains.
 * @param tolerance in the ring's pixels; 0 removes nothing.
 * @returns the ring itself if fewer than three corners would remain.
 */
export function simplifyRing(ring: Ring, tolerance: number): Ring {
  const count = ring.length / 2;
  if (tolerance <= 0 || count <= minPoints) return ring;
  const isKept = new Uint8Array(count);
  // A closed ring has no ends: begin with the first corner, and the one that is farthest from it.
  const opposite = farthestFrom(ring, 0, 0, count, 0).index;
  const spans = [...spansBetween(0, opposite), ...spansBetween(opposite, count)];
  for (const [from] of spans) isKept[from] = 1;
  for (let span = spans.pop(); span !== undefined; span = spans.pop()) {
    const [from, to] = span;
    const { index, squared } = farthestFrom(ring, from, from, to, to % count);
    if (squared <= tolerance * tolerance) continue;
    isKept[index] = 1;
    spans.push([from, index], [index, to]);
  }
  const kept: number[] = [];
  for (let index = 0; index < count; index++) {
    if (isKept[index] === 1) kept.push(ring[2 * index] as number, ring[2 * index + 1] as number);
  }
  return kept.length / 2 < minPoints ? ring : kept;
}

type Span = [from: number, to: number];

function spansBetween(from: number, to: number): Span[] {
  const spans: Span[] = [];
  for (let at = from; at < to; at += maxSpan) spans.push([at, Math.min(to, at + maxSpan)]);
  return spans;
}

/** The corner between `from` and `to` that is farthest from the segment between the corners `start` and `end`. */
function farthestFrom(ring: Ring, start: number, from: number, to: number, end: number) {
  const [ax, ay] = [ring[2 * start] as number, ring[2 * start + 1] as number];
  const [dx, dy] = [(ring[2 * end] as number) - ax, (ring[2 * end + 1] as number) - ay];
  const lengthSquared = dx * dx + dy * dy;
  let [farthest, most] = [from, -1];
  for (let index = from + 1; index < to; index++) {
    const [px, py] = [(ring[2 * index] as number) - ax, (ring[2 * index + 1] as number) - ay];
    const along = lengthSquared === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / lengthSquared));
    const [offX, offY] = [px - along * dx, py - along * dy];
    const squared = offX * offX + offY * offY;
    if (squared > most) [farthest, most] = [index, squared];
  }
  return { index: farthest, squared: most };
}
