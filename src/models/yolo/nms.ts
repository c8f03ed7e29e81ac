/** Class-aware non-maximum suppression on typed arrays. Worker threads. */

import { byScore, type Candidates } from './candidates.ts';

/** Intersection over union of two candidates, 0 to 1. */
export function intersectionOverUnion(c: Candidates, a: number, b: number): number {
  const [ax1, ay1, ax2, ay2] = cornersOf(c, a);
  const [bx1, by1, bx2, by2] = cornersOf(c, b);
  const width = Math.min(ax2, bx2) - Math.max(ax1, bx1);
  const height = Math.min(ay2, by2) - Math.max(ay1, by1);
  if (width <= 0 || height <= 0) return 0;
  const overlap = width * height;
  return overlap / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - overlap);
}

function cornersOf(c: Candidates, i: number): [number, number, number, number] {
  return [c.x1[i] as number, c.y1[i] as number, c.x2[i] as number, c.y2[i] as number];
}

/**
 * Class-aware non-maximum suppression: keeps the best box of each overlapping group of one class.
 * @param isIncluded excludes candidates before they count or remove others.
 * @returns indices of the kept candidates, best score first, at most `maxDetections`.
 */
export function nonMaxSuppression(
  candidates: Candidates,
  iouThreshold: number,
  maxDetections: number,
  isIncluded: (index: number) => boolean = () => true,
): number[] {
  const kept: number[] = [];
  for (const index of byScore(candidates)) {
    if (kept.length >= maxDetections) break;
    if (!isIncluded(index)) continue;
    const covered = kept.some(
      (better) =>
        candidates.classIndex[better] === candidates.classIndex[index] &&
        intersectionOverUnion(candidates, better, index) > iouThreshold,
    );
    if (!covered) kept.push(index);
  }
  return kept;
}
