/** Draws boxes, rotated boxes, masks, skeletons and tracks over a frame, with their labels. */
import type { Detection, Point, Polygon, Track } from '../client/index.ts';
import type { ClassColors } from './class-colors.ts';
import { drawLabels, isTentative, labelOf, type Rect, trackLabelOf } from './labels.ts';
import { drawSkeleton } from './skeleton.ts';
import { thinRing } from './thin-ring.ts';
import { trackColor } from './track-colors.ts';

/** Colors that stand out on any frame: license-plate yellow on near black. */
const boxColor = '#ffcf33';
const haloColor = 'rgb(12 13 15 / 0.55)';

/** Sizes in CSS pixels. */
const lineWidth = 2;
const haloWidth = 4;
const lostDash = [7, 6];

/** Opacity of a filled mask: the object stays recognizable. */
const maskOpacity = 0.35;

export interface OverlayOptions {
  /** Canvas pixels per frame pixel. */
  readonly scale: number;
  /** Canvas pixels per CSS pixel, so that lines and text have the same size on any screen. */
  readonly density: number;
  /** Whether detections are labeled. On a page of text, labels would cover what was recognized. */
  readonly hasLabels: boolean;
  readonly colors: ClassColors;
  /** Names of the keypoints of every detection; empty if they have none. */
  readonly keypointNames: readonly string[];
  /** Where labels of zones are, in canvas pixels. */
  readonly taken: readonly Rect[];
}

type Box = Pick<Detection, 'x' | 'y' | 'w' | 'h' | 'quad'>;

/** Corners in frame pixels; those of the rotated box if there is one. */
export function cornersOf({ x, y, w, h, quad }: Box): readonly Point[] {
  return (
    quad ?? [
      [x, y],
      [x + w, y],
      [x + w, y + h],
      [x, y + h],
    ]
  );
}

/** Draws detections, those with a mask without their box, which would only repeat its extent, and tracks that have no detection now. */
export function drawDetections(
  context: CanvasRenderingContext2D,
  detections: readonly Detection[],
  tracks: readonly Track[],
  options: OverlayOptions,
): void {
  const { scale, density, hasLabels, keypointNames, colors, taken } = options;
  const others = tracksWithout(detections, tracks);
  for (const track of others) drawTrack(context, track, options);
  for (const detection of detections) drawOutline(context, detection, options);
  for (const detection of detections) {
    if (detection.keypoints !== undefined) drawSkeleton(context, detection, keypointNames, scale, density);
  }
  if (!hasLabels) return;
  // Labels are drawn over everything else, that of the best detection on top.
  const found = detections.map((detection) => ({
    ...{ text: labelOf(detection), corners: cornersOf(detection) },
    ...{ color: colorOf(detection, colors), isTentative: isTentative(detection) },
  }));
  const lost = others.map((track) => ({
    ...{ text: trackLabelOf(track), corners: cornersOf(track), color: trackColor(track.track_id), isTentative: true },
  }));
  drawLabels(context, [...found, ...lost], { scale, density, taken });
}

/** Tracks that no detection of the frame belongs to: lost ones, and all of a pipeline without detections. */
export function tracksWithout(detections: readonly Detection[], tracks: readonly Track[]): readonly Track[] {
  const found = new Set(detections.map(({ track_id: id }) => id));
  return tracks.filter(({ track_id: id }) => !found.has(id));
}

/** The box of a track; dashed if it is predicted. */
function drawTrack(context: CanvasRenderingContext2D, track: Track, { scale, density }: OverlayOptions): void {
  const path = new Path2D();
  addRing(path, cornersOf(track), scale);
  context.lineJoin = 'round';
  if (track.lost_ms > 0) context.setLineDash(lostDash.map((length) => length * density));
  stroke(context, path, haloColor, haloWidth * density);
  stroke(context, path, trackColor(track.track_id), lineWidth * density);
  context.setLineDash([]);
}

/** The mask of a detection, or its box. */
function drawOutline(
  context: CanvasRenderingContext2D,
  detection: Detection,
  { scale, density, hasLabels, colors }: OverlayOptions,
): void {
  const color = colorOf(detection, colors);
  const path = new Path2D();
  if (hasMask(detection)) {
    for (const ring of detection.polygons) addRing(path, thinRing(ring, density / scale), scale);
    context.globalAlpha = maskOpacity;
    context.fillStyle = color;
    context.fill(path);
    context.globalAlpha = 1;
    // Without a GPU, round joins take a third of the time, and between so many points nobody sees them.
    context.lineJoin = 'bevel';
  } else {
    context.lineJoin = 'round';
    addRing(path, cornersOf(detection), scale);
  }
  if (hasLabels) stroke(context, path, haloColor, haloWidth * density);
  stroke(context, path, color, lineWidth * density);
}

/** Tracks have a color each. Masks overlap and need colors that differ by class; boxes are yellow, which stands out most. */
function colorOf(detection: Detection, colors: ClassColors): string {
  if (detection.track_id !== undefined) return trackColor(detection.track_id);
  return hasMask(detection) ? colors.of(detection.label) : boxColor;
}

function hasMask(detection: Detection): detection is Detection & { readonly polygons: readonly Polygon[] } {
  return detection.polygons !== undefined && detection.polygons.length > 0;
}

function addRing(path: Path2D, ring: readonly Point[], scale: number): void {
  const [start, ...rest] = ring;
  if (start === undefined) return;
  path.moveTo(start[0] * scale, start[1] * scale);
  for (const [x, y] of rest) path.lineTo(x * scale, y * scale);
  path.closePath();
}

function stroke(context: CanvasRenderingContext2D, path: Path2D, color: string, width: number): void {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke(path);
}
