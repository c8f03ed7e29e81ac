/** Rounds what tools return, so that results are short. Worker threads. */
import type { ClassScore, Detection, Keypoint, Point, Quad } from '../protocol.ts';

/** Decimal places on the wire: a tenth of a pixel, a hundredth of a percent, a hundredth of a degree. */
const pixelDigits = 1;
export const scoreDigits = 4;
const radianDigits = 4;

/** Keys that a tool adds, and values that are no lists, are passed on as they are: custom tools are not type-checked. */
export function roundDetection(detection: Detection): Detection {
  const { x, y, w, h, label, score, quad, angle, polygons, keypoints, text, text_score, ...others } = detection;
  return {
    x: roundPixels(x),
    y: roundPixels(y),
    w: roundPixels(w),
    h: roundPixels(h),
    label,
    score: round(score, scoreDigits),
    ...(quad === undefined ? {} : { quad: roundEach(quad, roundPoint) as Quad }),
    ...(angle === undefined ? {} : { angle: round(angle, radianDigits) }),
    ...(polygons === undefined ? {} : { polygons: roundEach(polygons, (ring) => roundEach(ring, roundPoint)) }),
    ...(keypoints === undefined ? {} : { keypoints: roundEach(keypoints, roundKeypoint) }),
    ...(text === undefined ? {} : { text }),
    ...(text_score === undefined ? {} : { text_score: round(text_score, scoreDigits) }),
    ...others,
  };
}

export function roundClasses(classes: readonly ClassScore[]): readonly ClassScore[] {
  return roundEach(classes, ({ label, score }) => ({ label, score: round(score, scoreDigits) }));
}

function roundEach<Value>(values: readonly Value[], roundOne: (value: Value) => Value): readonly Value[] {
  return Array.isArray(values) ? values.map((value) => (isRoundable(value) ? roundOne(value) : value)) : values;
}

function isRoundable(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
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
