/** Rounds what tools return, so that results are short. Worker threads. */
import type { ClassScore, Detection, Keypoint, Point, Quad } from '../protocol.ts';

/** Decimal places on the wire: a tenth of a pixel, a hundredth of a percent, a hundredth of a degree. */
const pixelDigits = 1;
export const scoreDigits = 4;
const radianDigits = 4;

/** Keys that a tool adds are passed on as they are. */
export function roundDetection(detection: Detection): Detection {
  const { x, y, w, h, label, score, quad, angle, polygons, keypoints, text, text_score, ...others } = detection;
  return {
    x: roundPixels(x),
    y: roundPixels(y),
    w: roundPixels(w),
    h: roundPixels(h),
    label,
    score: round(score, scoreDigits),
    ...(quad === undefined ? {} : { quad: quad.map(roundPoint) as unknown as Quad }),
    ...(angle === undefined ? {} : { angle: round(angle, radianDigits) }),
    ...(polygons === undefined ? {} : { polygons: polygons.map((ring) => ring.map(roundPoint)) }),
    ...(keypoints === undefined ? {} : { keypoints: keypoints.map(roundKeypoint) }),
    ...(text === undefined ? {} : { text }),
    ...(text_score === undefined ? {} : { text_score: round(text_score, scoreDigits) }),
    ...others,
  };
}

export function roundClass({ label, score }: ClassScore): ClassScore {
  return { label, score: round(score, scoreDigits) };
}

function roundKeypoint([x, y, score]: Keypoint): Keypoint {
  return score === undefined ? roundPoint([x, y]) : [roundPixels(x), roundPixels(y), round(score, scoreDigits)];
}

function roundPoint([x, y]: Point): Point {
  return [roundPixels(x), roundPixels(y)];
}

function roundPixels(value: number): number {
  return round(value, pixelDigits);
}

export function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
