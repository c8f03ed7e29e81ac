/** Compares detections with what a family's own code gives. Tests only. */
import type { Test } from 'tap';
import { placeImage } from '../../src/models/image.ts';
import type { Detection, Point } from '../../src/protocol.ts';
import { fillHoles, maskIou, rasterize } from './masks.ts';
import { decodeMask, type ExpectedFrame, type YoloFixture } from './yolo-fixtures.ts';

/** ONNX Runtime computes with other instructions on other CPUs, so the last digits of a model's output differ. */
const maxPixels = 0.5;
/** Of a corner, off in both directions at once. */
const maxCornerPixels = 0.75;
export const maxScore = 0.01;
const maxRadians = 0.01;
export const minMaskIou = 0.98;

/** v7, YOLOX and others write no class names into their files. */
export function labelsOf(names: readonly string[], classIndex: number): (string | undefined)[] {
  return [names[classIndex], `class ${classIndex}`];
}

/** Pairs each expected box with the detection at its place, and compares what the task adds. */
export function compareBoxes(
  t: Test,
  fixture: YoloFixture,
  frame: ExpectedFrame,
  detections: readonly Detection[],
): void {
  const { width, height, boxes } = frame;
  const left = new Set(detections);
  boxes.forEach(([x1, y1, x2, y2, score, classIndex], index) => {
    // Boxes entirely outside the image are not returned.
    const clipped = { x1: clamp(x1, width), y1: clamp(y1, height), x2: clamp(x2, width), y2: clamp(y2, height) };
    if (!(clipped.x2 > clipped.x1 && clipped.y2 > clipped.y1)) return;
    const match = [...left].find(({ x, y, w, h, label, ...found }) => {
      const apart = [x - clipped.x1, y - clipped.y1, x + w - clipped.x2, y + h - clipped.y2].map(Math.abs);
      const isSame = labelsOf(fixture.names, classIndex).includes(label) && Math.abs(found.score - score) < maxScore;
      return isSame && Math.max(...apart) < maxPixels;
    });
    if (match === undefined) {
      t.fail(`class ${classIndex} ${score} at ${x1} ${y1} ${x2} ${y2} is missing`);
      return;
    }
    left.delete(match);
    compareDetails(t, frame, index, match);
  });
  t.equal(left.size, 0, `${width} × ${height}: no other boxes`);
}

function clamp(value: number, max: number): number {
  return Math.min(max, Math.max(0, value));
}

function compareDetails(t: Test, frame: ExpectedFrame, index: number, detection: Detection): void {
  const { masks, keypoints, rotated } = frame;
  if (masks?.[index] !== undefined) compareMask(t, frame, index, detection);
  keypoints?.[index]?.forEach(([x = 0, y = 0, score], point) => {
    const [foundX = 0, foundY = 0, foundScore] = detection.keypoints?.[point] ?? [];
    // Ultralytics moves points that are hardly visible to the origin.
    const isMoved = x === 0 && y === 0;
    const apart = Math.max(Math.abs(foundX - x), Math.abs(foundY - y));
    if (!isMoved && !(apart < maxPixels)) t.fail(`keypoint ${point} of box ${index} is ${apart} pixels off`);
    if (score !== undefined && !(Math.abs((foundScore ?? -1) - score) < maxScore))
      t.fail(`keypoint ${point} of box ${index} scores ${foundScore}, expected ${score}`);
  });
  if (rotated?.[index] !== undefined) compareRotated(t, rotated[index], detection);
}

/** Quads may begin at any corner, and an angle of 0 is one of a quarter turn. */
function compareRotated(
  t: Test,
  [cx, cy, w, h, angle]: readonly [number, number, number, number, number],
  found: Detection,
) {
  const [cos, sin] = [Math.cos(angle) / 2, Math.sin(angle) / 2];
  const corners = [-1, 1].flatMap((along) =>
    [-1, 1].map((across): Point => [cx + along * w * cos - across * h * sin, cy + along * w * sin + across * h * cos]),
  );
  for (const [x, y] of corners) {
    const nearest = Math.min(...(found.quad ?? []).map(([qx, qy]) => Math.hypot(qx - x, qy - y)));
    if (!(nearest < maxCornerPixels)) t.fail(`the corner ${x} ${y} is ${nearest} pixels off`);
  }
  const turn = Math.abs((found.angle ?? -1) - angle);
  const apart = Math.min(turn, Math.PI / 2 - turn);
  // The sides of a square have no direction that rounding could not change.
  if (!(apart < maxRadians)) t.fail(`the angle is ${found.angle}, expected ${angle}`);
}

/** The polygons follow every pixel of a mask at the size of the model's input, but not its holes. */
function compareMask(t: Test, frame: ExpectedFrame, index: number, { polygons = [] }: Detection): void {
  const expected = frame.masks?.[index];
  if (expected === undefined) return;
  const [height, width] = expected.size;
  const { scaleX, offsetX, offsetY } = placeImage(frame, { width, height }, 'letterbox');
  const rings = polygons.map((ring) => ring.map(([x, y]): Point => [x * scaleX + offsetX, y * scaleX + offsetY]));
  const filled = fillHoles(decodeMask(expected), { width, height });
  // Polygons are clipped to the frame.
  const onFrame = rasterize([frameIn(frame, scaleX, offsetX, offsetY)], { width, height });
  const visible = filled.map((pixel, at) => pixel & (onFrame[at] as number));
  const iou = maskIou(rasterize(rings, { width, height }), visible);
  if (!(iou >= minMaskIou)) t.fail(`the mask of box ${index} has an IoU of ${iou}`);
}

function frameIn({ width, height }: ExpectedFrame, scale: number, left: number, top: number): Point[] {
  const [right, bottom] = [left + width * scale, top + height * scale];
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}
