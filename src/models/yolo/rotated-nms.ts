/** Class-aware non-maximum suppression of rotated boxes. Worker threads. */
import { byScore, type Candidates } from './candidates.ts';

/** Every pair may have to be compared, so only the best candidates take part. */
const maxCompared = 2000;
/** Keeps logarithms and divisions finite (`eps` in Ultralytics' `probiou`). */
const epsilon = 1e-7;

/** A rotated box as a Gaussian: its center, and its covariance [[a, c], [c, b]]. */
interface Gaussian {
  readonly x: number;
  readonly y: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** @param angle of the side `w`, in radians from the x axis, clockwise on the image. */
export function gaussianOf(x: number, y: number, w: number, h: number, angle: number): Gaussian {
  // Variance of a uniform distribution of that length.
  const [along, across] = [(w * w) / 12, (h * h) / 12];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return {
    x,
    y,
    a: along * cos * cos + across * sin * sin,
    b: along * sin * sin + across * cos * cos,
    c: (along - across) * cos * sin,
  };
}

/**
 * Probabilistic IoU of two rotated boxes, 0 to 1: one minus the Hellinger distance of their Gaussians (Llerena et al., "Gaussian
 * Bounding Boxes and Probabilistic Intersection-over-Union for Object Detection", 2021).
 * @param maxDistance beyond it, 0 is returned instead of a small number: the distance of the centers alone saves a logarithm.
 */
export function probabilisticIou(p: Gaussian, q: Gaussian, maxDistance = Number.POSITIVE_INFINITY): number {
  const a = p.a + q.a;
  const b = p.b + q.b;
  const c = p.c + q.c;
  const dx = q.x - p.x;
  const dy = p.y - q.y;
  const determinant = a * b - c * c;
  const distance = (0.25 * (a * dy * dy + b * dx * dx) + 0.5 * c * dx * dy) / (determinant + epsilon);
  if (distance > maxDistance) return 0;
  const own = Math.max(0, p.a * p.b - p.c * p.c);
  const other = Math.max(0, q.a * q.b - q.c * q.c);
  const shape = 0.5 * Math.log(determinant / (4 * Math.sqrt(own * other) + epsilon) + epsilon);
  const bhattacharyya = Math.min(100, Math.max(epsilon, distance + shape));
  return 1 - Math.sqrt(1 - Math.exp(-bhattacharyya) + epsilon);
}

/** The Bhattacharyya distance from which on the IoU is below a threshold. */
function distanceOf(iouThreshold: number): number {
  return -Math.log(Math.max(epsilon, 1 - (1 - iouThreshold) ** 2));
}

/**
 * Removes every box that a better one of its class overlaps by more than the threshold, whether or not that one is removed itself, as
 * Ultralytics' `fast_nms` does (Bolya et al., "YOLACT", 2019).
 * @param gaussianAt the candidate at an index.
 * @returns indices of the kept candidates, best score first, at most `maxDetections`.
 */
export function suppressRotated(
  candidates: Candidates,
  gaussianAt: (index: number) => Gaussian,
  iouThreshold: number,
  maxDetections: number,
  isIncluded: (index: number) => boolean,
): number[] {
  const { classIndex } = candidates;
  const order = Array.from(byScore(candidates)).filter(isIncluded).slice(0, maxCompared);
  if (iouThreshold >= 1) return order.slice(0, maxDetections);
  const gaussians = order.map(gaussianAt);
  const maxDistance = distanceOf(iouThreshold);
  const kept: number[] = [];
  for (const [at, index] of order.entries()) {
    if (kept.length >= maxDetections) break;
    const gaussian = gaussians[at] as Gaussian;
    let isCovered = false;
    for (let better = 0; better < at && !isCovered; better++) {
      if (classIndex[order[better] as number] !== classIndex[index]) continue;
      isCovered = probabilisticIou(gaussians[better] as Gaussian, gaussian, maxDistance) > iouThreshold;
    }
    if (!isCovered) kept.push(index);
  }
  return kept;
}
