/** Class-aware non-maximum suppression on typed arrays. Worker threads. */

import { byScore, type Candidates } from './candidates.ts';

/** Candidates that take part, best first: each may be compared with every kept one (`max_nms` in Ultralytics' `utils/nms.py`). */
const maxCompared = 30_000;

/** Intersection over union of two candidates, 0 to 1. Without destructuring, which takes three times as long here. */
export function intersectionOverUnion(c: Candidates, a: number, b: number): number {
  const ax1 = c.x1[a] as number;
  const ax2 = c.x2[a] as number;
  const bx1 = c.x1[b] as number;
  const bx2 = c.x2[b] as number;
  const width = (ax2 < bx2 ? ax2 : bx2) - (ax1 > bx1 ? ax1 : bx1);
  if (width <= 0) return 0;
  const ay1 = c.y1[a] as number;
  const ay2 = c.y2[a] as number;
  const by1 = c.y1[b] as number;
  const by2 = c.y2[b] as number;
  const height = (ay2 < by2 ? ay2 : by2) - (ay1 > by1 ? ay1 : by1);
  if (height <= 0) return 0;
  const overlap = width * height;
  return overlap / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - overlap);
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
  let compared = 0;
  for (const index of byScore(candidates)) {
    if (kept.length >= maxDetections || compared >= maxCompared) break;
    if (!isIncluded(index)) continue;
    compared++;
    if (!isCovered(candidates, index, kept, iouThreshold)) kept.push(index);
  }
  return kept;
}

/** Whether a better box of its class overlaps a box too much. */
function isCovered(candidates: Candidates, index: number, kept: readonly number[], iouThreshold: number): boolean {
  const { classIndex } = candidates;
  // No IoU exceeds 1.
  if (iouThreshold >= 1) return false;
  for (const better of kept) {
    if (classIndex[better] !== classIndex[index]) continue;
    if (intersectionOverUnion(candidates, better, index) > iouThreshold) return true;
  }
  return false;
}
