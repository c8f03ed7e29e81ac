/** Draws the keypoints of a pose, and the limbs between those that have names of COCO. */
import type { Detection, Keypoint } from '../client/index.ts';

/** Keypoints with a lower score are more likely hidden than visible, and are not drawn. */
export const minKeypointScore = 0.5;

/** Sides of the body, as the person sees them, so that one can see which way a person faces. */
export type Side = 'left' | 'right' | 'middle';

export const sideColors: Readonly<Record<Side, string>> = { left: '#5cd6ff', right: '#ff9e5c', middle: '#f4f3ee' };
const sides = Object.keys(sideColors) as Side[];
const haloColor = 'rgb(12 13 15 / 0.55)';

/** Sizes in CSS pixels. */
const limbWidth = 3;
const pointRadius = 3;
const haloMargin = 1.5;
/** People smaller than this have thinner limbs, which would otherwise hide them … */
const fullHeight = 160;
/** … down to this part. */
const minPart = 0.4;

/** The limbs of COCO's 17 keypoints, by name: the `skeleton` of its category `person`, see https://cocodataset.org/#format-data */
const namedLimbs: readonly (readonly [from: string, to: string])[] = [
  ['left_ankle', 'left_knee'],
  ['left_knee', 'left_hip'],
  ['right_ankle', 'right_knee'],
  ['right_knee', 'right_hip'],
  ['left_hip', 'right_hip'],
  ['left_shoulder', 'left_hip'],
  ['right_shoulder', 'right_hip'],
  ['left_shoulder', 'right_shoulder'],
  ['left_shoulder', 'left_elbow'],
  ['right_shoulder', 'right_elbow'],
  ['left_elbow', 'left_wrist'],
  ['right_elbow', 'right_wrist'],
  ['left_eye', 'right_eye'],
  ['nose', 'left_eye'],
  ['nose', 'right_eye'],
  ['left_eye', 'left_ear'],
  ['right_eye', 'right_ear'],
  ['left_ear', 'left_shoulder'],
  ['right_ear', 'right_shoulder'],
];

/** COCO's keypoints, in its order. */
const pairedParts = ['eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle'];
const cocoNames: readonly string[] = ['nose', ...pairedParts.flatMap((part) => [`left_${part}`, `right_${part}`])];

/**
 * Names of a detection's keypoints. Many exports of COCO's poses have none, or only numbers: a person with as many keypoints has those
 * of COCO. Animals may have as many, in another order.
 */
export function namesOf({ label, keypoints = [] }: Detection, names: readonly string[]): readonly string[] {
  const isUnnamed = names.every((name, index) => name === String(index));
  return isUnnamed && label === 'person' && keypoints.length === cocoNames.length ? cocoNames : names;
}

/** A line between two keypoints, by their indices. */
export interface Limb {
  readonly from: number;
  readonly to: number;
  readonly side: Side;
}

/** The limbs whose two keypoints are among the names. */
export function limbsOf(names: readonly string[]): Limb[] {
  return namedLimbs.flatMap(([fromName, toName]) => {
    const [from, to] = [names.indexOf(fromName), names.indexOf(toName)];
    if (from < 0 || to < 0) return [];
    // The nose has no side: the line from it to an eye is of that eye's side.
    const side = fromName === 'nose' || sideOf(fromName) === sideOf(toName) ? sideOf(toName) : 'middle';
    return [{ from, to, side }];
  });
}

/** Side of a keypoint by its name; middle without one. */
export function sideOf(name = ''): Side {
  if (name.startsWith('left_')) return 'left';
  return name.startsWith('right_') ? 'right' : 'middle';
}

/** Whether a keypoint is drawn: its score is high enough, or it has none. */
export function isVisible(keypoint: Keypoint | undefined): keypoint is Keypoint {
  return keypoint !== undefined && (keypoint[2] ?? 1) >= minKeypointScore;
}

/**
 * Draws the pose of a detection.
 * @param givenNames of the keypoints, empty if the result has none.
 * @param scale canvas pixels per frame pixel.
 * @param density canvas pixels per CSS pixel.
 */
export function drawSkeleton(
  context: CanvasRenderingContext2D,
  detection: Detection,
  givenNames: readonly string[],
  scale: number,
  density: number,
): void {
  const { keypoints = [], w, h } = detection;
  const names = namesOf(detection, givenNames);
  const height = (Math.max(w, h) * scale) / density;
  const unit = density * Math.min(1, Math.max(minPart, height / fullHeight));
  const limbs = { left: new Path2D(), right: new Path2D(), middle: new Path2D() };
  for (const { from, to, side } of limbsOf(names)) {
    const [start, end] = [keypoints[from], keypoints[to]];
    if (!isVisible(start) || !isVisible(end)) continue;
    limbs[side].moveTo(start[0] * scale, start[1] * scale);
    limbs[side].lineTo(end[0] * scale, end[1] * scale);
  }
  const halos = new Path2D();
  const points = { left: new Path2D(), right: new Path2D(), middle: new Path2D() };
  for (const [index, keypoint] of keypoints.entries()) {
    if (!isVisible(keypoint)) continue;
    const [x, y] = [keypoint[0] * scale, keypoint[1] * scale];
    addDisk(points[sideOf(names[index])], x, y, pointRadius * unit);
    addDisk(halos, x, y, (pointRadius + haloMargin) * unit);
  }
  context.lineCap = 'round';
  context.strokeStyle = haloColor;
  context.fillStyle = haloColor;
  context.lineWidth = (limbWidth + 2 * haloMargin) * unit;
  for (const side of sides) context.stroke(limbs[side]);
  context.fill(halos);
  context.lineWidth = limbWidth * unit;
  for (const side of sides) {
    context.strokeStyle = sideColors[side];
    context.stroke(limbs[side]);
  }
  for (const side of sides) {
    context.fillStyle = sideColors[side];
    context.fill(points[side]);
  }
}

function addDisk(path: Path2D, x: number, y: number, radius: number): void {
  path.moveTo(x + radius, y);
  path.arc(x, y, radius, 0, 2 * Math.PI);
}
