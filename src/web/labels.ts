/** The labels of boxes: their text, and a place where they hide no other label. */
import type { Detection, Point, Track } from '../client/index.ts';
import { minScore } from './text-log.ts';

const inkColor = '#16181d';

/** Sizes in CSS pixels. */
const fontSize = 13;
const padding = 5;
const gap = 4;
const edgeWidth = 1.5;

const msPerSecond = 1000;

/** Measuring a text takes time, and no picture has room for more. */
const maxLabelLength = 120;

/** After a text that further frames are unlikely to change, and after one that they may. */
interface Marks {
  readonly settled: string;
  readonly unsettled: string;
}
const drawnMarks: Marks = { settled: ' ✓', unsettled: '…' };
export const spokenMarks: Marks = { settled: ', settled,', unsettled: ', may change,' };

export interface Label {
  readonly text: string;
  /** Of its box, in frame pixels. */
  readonly corners: readonly Point[];
  readonly color: string;
  /** Dark instead of filled, for what is not certain yet: a text that may change, or a predicted box. */
  readonly isTentative: boolean;
}

export interface LabelOptions {
  /** Canvas pixels per frame pixel. */
  readonly scale: number;
  /** Canvas pixels per CSS pixel. */
  readonly density: number;
  /** Where other labels are, in canvas pixels. */
  readonly taken: readonly Rect[];
}

/** In canvas pixels. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Label of a box: the number of its track, and its text if the recognizer is confident, otherwise its class. */
export function labelOf(detection: Detection, marks: Marks = drawnMarks): string {
  const { label, score, text, text_score: textScore = 0, track_id: id } = detection;
  const parts = hasText(detection)
    ? [`${text}${markOf(detection, marks)}`, percent(textScore)]
    : [label, percent(score)];
  return [id === undefined ? '' : `#${id}`, ...parts].filter((part) => part !== '').join(' ');
}

/** Whether a label shows a text that may still change. */
export function isTentative(detection: Detection): boolean {
  return detection.text_settled === false && hasText(detection);
}

/** Label of a track without a detection. */
export function trackLabelOf({ track_id: id, label, lost_ms: lostMs }: Track): string {
  return lostMs > 0 ? `#${id} lost ${(lostMs / msPerSecond).toFixed(1)} s` : `#${id} ${label}`.trim();
}

/** Draws labels. The first one gets its place first, and is on top if there is no room for all. */
export function drawLabels(
  context: CanvasRenderingContext2D,
  labels: readonly Label[],
  { scale, density, taken }: LabelOptions,
): void {
  context.font = `600 ${fontSize * density}px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace`;
  context.textBaseline = 'middle';
  const rects = [...taken];
  const placed = labels.flatMap((given) => {
    if (given.text === '') return [];
    const label = { ...given, text: given.text.slice(0, maxLabelLength) };
    const rect = labelRect(context, label, scale, density, rects);
    rects.push(rect);
    return [{ label, rect }];
  });
  for (const { label, rect } of placed.reverse()) drawLabel(context, label, rect, density);
}

function labelRect(
  context: CanvasRenderingContext2D,
  { text, corners }: Label,
  scale: number,
  density: number,
  taken: readonly Rect[],
): Rect {
  const left = Math.min(...corners.map(([x]) => x)) * scale;
  const top = Math.min(...corners.map(([, y]) => y)) * scale;
  const bottom = Math.max(...corners.map(([, y]) => y)) * scale;
  const { canvas } = context;
  const width = Math.min(canvas.width, context.measureText(text).width + 2 * padding * density);
  const height = (fontSize + padding) * density;
  return { ...placeLabel({ left, top, bottom, width, height, gap: gap * density }, canvas, taken), width, height };
}

function drawLabel(
  context: CanvasRenderingContext2D,
  { text, color, isTentative: isDark }: Label,
  { x, y, width, height }: Rect,
  density: number,
): void {
  context.fillStyle = isDark ? inkColor : color;
  context.beginPath();
  context.roundRect(x, y, width, height, 3 * density);
  context.fill();
  if (isDark) {
    context.strokeStyle = color;
    context.lineWidth = edgeWidth * density;
    context.stroke();
  }
  context.fillStyle = isDark ? color : inkColor;
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

function hasText({ text, text_score: score = 0 }: Detection): boolean {
  return text !== undefined && text !== '' && score >= minScore;
}

function markOf({ text_settled: isSettled }: Detection, { settled, unsettled }: Marks): string {
  if (isSettled === undefined) return '';
  return isSettled ? settled : unsettled;
}

/** Empty without a score. */
function percent(score: number): string {
  return Number.isNaN(score) ? '' : `${Math.round(score * 100)} %`;
}
