/** Converts a text detector's probability map into rotated boxes: DB post-processing. Worker threads. */
import type { Detection, Point, Quad } from '../protocol.ts';
import type { CV } from './opencv.ts';

export interface TextBoxOptions {
  readonly cv: CV;
  readonly boxScore: number;
  readonly unclipRatio: number;
  readonly maxBoxes: number;
}

/** Probability of text per pixel, in row-major order. */
export interface ProbabilityMap {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A rotated rectangle with center `(cx, cy)`; `(ux, uy)` is the direction of its width. */
interface RotatedBox {
  readonly cx: number;
  readonly cy: number;
  readonly ux: number;
  readonly uy: number;
  readonly w: number;
  readonly h: number;
}

/** Minimum probability of a text pixel (PaddleOCR's `det_db_thresh`). */
const pixelThreshold = 0.3;
/** Boxes with a shorter side, in pixels of the map, are noise. */
const minSide = 3;
/** Further contours are ignored: a crafted image could have a hundred thousand specks. */
const maxContours = 1000;
/** A box belongs to a line if its top is below the top of the line's first box by less than this fraction of the smaller height. */
const maxLineOffset = 0.6;

/**
 * Finds text boxes: threshold, contours, minimum-area rectangle and mean probability of each, then expansion by
 * `area × ratio ÷ perimeter` (Liao et al. 2020, "Real-time Scene Text Detection with Differentiable Binarization", §3.6).
 * @returns detections labeled `text` in frame pixels, in reading order.
 */
export function findTextBoxes(map: ProbabilityMap, frame: Size, options: TextBoxOptions): Detection[] {
  const found: Detection[] = [];
  for (const box of boxesAroundText(map, options.cv)) {
    const score = meanInside(map, box);
    if (Math.min(box.w, box.h) < minSide || score < options.boxScore) continue;
    found.push(toDetection(grow(box, options.unclipRatio), score, map, frame));
  }
  return inReadingOrder(found.sort((a, b) => b.score - a.score).slice(0, options.maxBoxes));
}

/** OpenCV matrices are outside the garbage collector's memory and must be freed explicitly. */
function boxesAroundText(map: ProbabilityMap, cv: CV): RotatedBox[] {
  const mask = new cv.Mat(map.height, map.width, cv.CV_8UC1);
  const contours = new cv.MatVector();
  const hierarchy = new cv.Mat();
  try {
    const pixels: Uint8Array = mask.data;
    for (let i = 0; i < pixels.length; i++) pixels[i] = (map.data[i] as number) > pixelThreshold ? 1 : 0;
    cv.findContours(mask, contours, hierarchy, cv.RETR_LIST, cv.CHAIN_APPROX_SIMPLE);
    const boxes: RotatedBox[] = [];
    for (let i = 0; i < Math.min(maxContours, contours.size()); i++) {
      const contour = contours.get(i);
      const { center, size, angle } = cv.minAreaRect(contour);
      contour.delete();
      const radians = (angle * Math.PI) / 180;
      const [ux, uy] = [Math.cos(radians), Math.sin(radians)];
      boxes.push({ cx: center.x, cy: center.y, ux, uy, w: size.width, h: size.height });
    }
    return boxes;
  } finally {
    mask.delete();
    contours.delete();
    hierarchy.delete();
  }
}

/** Mean probability of the pixels inside a box. */
function meanInside(map: ProbabilityMap, box: RotatedBox): number {
  const reachX = (Math.abs(box.ux) * box.w + Math.abs(box.uy) * box.h) / 2;
  const reachY = (Math.abs(box.uy) * box.w + Math.abs(box.ux) * box.h) / 2;
  const lastX = Math.min(map.width - 1, Math.ceil(box.cx + reachX));
  const lastY = Math.min(map.height - 1, Math.ceil(box.cy + reachY));
  let sum = 0;
  let count = 0;
  for (let y = Math.max(0, Math.floor(box.cy - reachY)); y <= lastY; y++) {
    for (let x = Math.max(0, Math.floor(box.cx - reachX)); x <= lastX; x++) {
      const along = (x - box.cx) * box.ux + (y - box.cy) * box.uy;
      const across = (y - box.cy) * box.ux - (x - box.cx) * box.uy;
      if (Math.abs(along) * 2 > box.w || Math.abs(across) * 2 > box.h) continue;
      sum += map.data[y * map.width + x] as number;
      count += 1;
    }
  }
  return count === 0 ? 0 : sum / count;
}

/** Moves every side outwards by the same distance. A rectangle needs no general polygon offsetting. */
function grow(box: RotatedBox, ratio: number): RotatedBox {
  const by = (box.w * box.h * ratio) / (2 * (box.w + box.h));
  return { ...box, w: box.w + 2 * by, h: box.h + 2 * by };
}

function toDetection(box: RotatedBox, score: number, map: Size, frame: Size): Detection {
  const scaleX = frame.width / map.width;
  const scaleY = frame.height / map.height;
  const corner = (along: number, across: number): Point => {
    const x = box.cx + (along * box.w * box.ux - across * box.h * box.uy) / 2;
    const y = box.cy + (along * box.w * box.uy + across * box.h * box.ux) / 2;
    return [clamp((x + 0.5) * scaleX, frame.width), clamp((y + 0.5) * scaleY, frame.height)];
  };
  const quad = fromTopLeft([corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)]);
  const xs = quad.map(([x]) => x);
  const ys = quad.map(([, y]) => y);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y, label: 'text', score, quad };
}

/** Orders corners clockwise from the top left; OpenCV may start at any corner. */
function fromTopLeft(corners: Quad): Quad {
  const [a, b, c, d] = corners.toSorted(([ax], [bx]) => ax - bx) as unknown as Quad;
  const [topLeft, bottomLeft] = a[1] <= b[1] ? [a, b] : [b, a];
  const [topRight, bottomRight] = c[1] <= d[1] ? [c, d] : [d, c];
  return [topLeft, topRight, bottomRight, bottomLeft];
}

function clamp(value: number, max: number): number {
  return Math.min(max, Math.max(0, value));
}

/** Lines from top to bottom, boxes within a line from left to right. "On the same line" is not transitive, so one sort cannot do it. */
function inReadingOrder(boxes: readonly Detection[]): Detection[] {
  const lines: [Detection, ...Detection[]][] = [];
  for (const box of boxes.toSorted((a, b) => a.y - b.y)) {
    const line = lines.at(-1);
    if (line !== undefined && box.y - line[0].y < maxLineOffset * Math.min(box.h, line[0].h)) line.push(box);
    else lines.push([box]);
  }
  return lines.flatMap((line) => line.toSorted((a, b) => a.x - b.x));
}
