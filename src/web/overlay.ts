/** Draws boxes, rotated boxes, masks, skeletons and labels over a frame. */
import type { Detection, Point, Polygon } from '../client/index.ts';
import type { ClassColors } from './class-colors.ts';
import { drawSkeleton } from './skeleton.ts';
import { minScore } from './text-log.ts';
import { thinRing } from './thin-ring.ts';

/** Colors that stand out on any frame: license-plate yellow on near black. */
const boxColor = '#ffcf33';
const haloColor = 'rgb(12 13 15 / 0.55)';
const inkColor = '#16181d';

/** Sizes in CSS pixels. */
const lineWidth = 2;
const haloWidth = 4;
const fontSize = 13;
const padding = 5;

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
}

/** Label of a box: its text if the recognizer is confident, otherwise its class. */
export function labelOf({ label, score, text, text_score: textScore = 0 }: Detection): string {
  const hasText = text !== undefined && text !== '' && textScore >= minScore;
  return hasText ? `${text}${percent(textScore)}` : `${label}${percent(score)}`.trim();
}

/** Corners in frame pixels; those of the rotated box if there is one. */
export function cornersOf({ x, y, w, h, quad }: Detection): readonly Point[] {
  return (
    quad ?? [
      [x, y],
      [x + w, y],
      [x + w, y + h],
      [x, y + h],
    ]
  );
}

/** Draws detections, those with a mask without their box, which would only repeat its extent. */
export function drawDetections(
  context: CanvasRenderingContext2D,
  detections: readonly Detection[],
  options: OverlayOptions,
): void {
  const { scale, density, hasLabels, keypointNames } = options;
  context.font = `600 ${fontSize * density}px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace`;
  context.textBaseline = 'middle';
  for (const detection of detections) drawOutline(context, detection, options);
  for (const detection of detections) {
    if (detection.keypoints !== undefined) drawSkeleton(context, detection, keypointNames, scale, density);
  }
  // Labels are drawn over everything else.
  if (hasLabels) drawLabels(context, detections, options);
}

/** The label of the best detection gets its place first, and is on top if there is no room for all. */
function drawLabels(
  context: CanvasRenderingContext2D,
  detections: readonly Detection[],
  options: OverlayOptions,
): void {
  const taken: Rect[] = [];
  const labels = detections.flatMap((detection) => {
    const text = labelOf(detection);
    if (text === '') return [];
    const rect = labelRect(context, detection, text, options, taken);
    taken.push(rect);
    return [{ text, rect, color: colorOf(detection, options.colors) }];
  });
  for (const { text, rect, color } of labels.reverse()) drawLabel(context, text, rect, color, options.density);
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

/** Masks overlap and need colors that differ by class; boxes are yellow, which stands out most. */
function colorOf(detection: Detection, colors: ClassColors): string {
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

/** In canvas pixels. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function labelRect(
  context: CanvasRenderingContext2D,
  detection: Detection,
  text: string,
  { scale, density }: OverlayOptions,
  taken: readonly Rect[],
): Rect {
  const corners = cornersOf(detection);
  const left = Math.min(...corners.map(([x]) => x)) * scale;
  const top = Math.min(...corners.map(([, y]) => y)) * scale;
  const bottom = Math.max(...corners.map(([, y]) => y)) * scale;
  const { canvas } = context;
  const width = Math.min(canvas.width, context.measureText(text).width + 2 * padding * density);
  const height = (fontSize + padding) * density;
  const gap = haloWidth * density;
  return { ...placeLabel({ left, top, bottom, width, height, gap }, canvas, taken), width, height };
}

function drawLabel(
  context: CanvasRenderingContext2D,
  text: string,
  { x, y, width, height }: Rect,
  color: string,
  density: number,
): void {
  context.fillStyle = color;
  context.beginPath();
  context.roundRect(x, y, width, height, 3 * density);
  context.fill();
  context.fillStyle = inkColor;
  context.fillText(text, x + padding * density, y + height / 2 + density / 2, width - 2 * padding * density);
}

interface LabelRoom {
  readonly left: number;
  readonly top: number;
  readonly bottom: number;
  readonly width: number;
  readonly height: number;
  readonly gap: number;
}

/**
 * Above the box if there is room, otherwise below, otherwise inside. Never outside the canvas. If another label is there, one line higher,
 * so that a label does not jump far when boxes come closer.
 */
export function placeLabel(
  { left, top, bottom, width, height, gap }: LabelRoom,
  canvas: { readonly width: number; readonly height: number },
  taken: readonly Rect[] = [],
): { x: number; y: number } {
  const x = Math.max(0, Math.min(left, canvas.width - width));
  const above = top - gap - height;
  const inside = Math.max(0, top + gap);
  const places = [above, above - height, bottom + gap, inside].filter((y) => y >= 0 && y + height <= canvas.height);
  const free = places.find((y) => !taken.some((other) => overlaps({ x, y, width, height }, other)));
  return { x, y: free ?? places[0] ?? inside };
}

function overlaps(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** Empty without a score. */
function percent(score: number): string {
  return Number.isNaN(score) ? '' : ` ${Math.round(score * 100)} %`;
}
