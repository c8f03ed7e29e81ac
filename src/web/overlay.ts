/** Draws boxes, rotated boxes and labels over a frame. */
import type { Detection, Point } from '../client/index.ts';
import { minScore } from './text-log.ts';

/** Colors that stand out on any frame: license-plate yellow on near black. */
const boxColor = '#ffcf33';
const haloColor = 'rgb(12 13 15 / 0.55)';
const inkColor = '#16181d';

/** Sizes in CSS pixels. */
const lineWidth = 2;
const haloWidth = 4;
const fontSize = 13;
const padding = 5;

/** Label of a box: its text if the recognizer is confident, otherwise its class. */
export function labelOf({ label, score, text, text_score: textScore = 0 }: Detection): string {
  const hasText = text !== undefined && text !== '' && textScore >= minScore;
  return hasText ? `${text} ${percent(textScore)}` : `${label} ${percent(score)}`;
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

/**
 * Draws detections.
 * @param scale canvas pixels per frame pixel.
 * @param density canvas pixels per CSS pixel, so that lines and text have the same size on any screen.
 * @param hasLabels whether boxes are labeled. On a page of text, labels would cover what was recognized.
 */
export function drawDetections(
  context: CanvasRenderingContext2D,
  detections: readonly Detection[],
  scale: number,
  density: number,
  hasLabels: boolean,
): void {
  context.lineJoin = 'round';
  context.font = `600 ${fontSize * density}px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace`;
  context.textBaseline = 'middle';
  for (const detection of detections) {
    const path = new Path2D();
    for (const [x, y] of cornersOf(detection)) path.lineTo(x * scale, y * scale);
    path.closePath();
    if (hasLabels) stroke(context, path, haloColor, haloWidth * density);
    stroke(context, path, boxColor, lineWidth * density);
  }
  // Labels are drawn over all boxes.
  if (hasLabels) for (const detection of detections) drawLabel(context, detection, scale, density);
}

function stroke(context: CanvasRenderingContext2D, path: Path2D, color: string, width: number): void {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke(path);
}

function drawLabel(context: CanvasRenderingContext2D, detection: Detection, scale: number, density: number): void {
  const text = labelOf(detection);
  const corners = cornersOf(detection);
  const left = Math.min(...corners.map(([x]) => x)) * scale;
  const top = Math.min(...corners.map(([, y]) => y)) * scale;
  const bottom = Math.max(...corners.map(([, y]) => y)) * scale;
  const { canvas } = context;
  const width = Math.min(canvas.width, context.measureText(text).width + 2 * padding * density);
  const height = (fontSize + padding) * density;
  const gap = haloWidth * density;
  const { x, y } = placeLabel({ left, top, bottom, width, height, gap }, canvas);
  context.fillStyle = boxColor;
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

/** Above the box if there is room, otherwise below, otherwise inside. Never outside the canvas. */
export function placeLabel(
  { left, top, bottom, width, height, gap }: LabelRoom,
  canvas: { readonly width: number; readonly height: number },
): { x: number; y: number } {
  const x = Math.max(0, Math.min(left, canvas.width - width));
  if (top - gap - height >= 0) return { x, y: top - gap - height };
  if (bottom + gap + height <= canvas.height) return { x, y: bottom + gap };
  return { x, y: Math.max(0, top + gap) };
}

function percent(score: number): string {
  return `${Math.round(score * 100)} %`;
}
