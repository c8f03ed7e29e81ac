/** From a text detector's probability map to tilted boxes: the post-processing of DB. Worker threads. */
import type { Detection, Point, Quad } from '../protocol.ts';
import type { CV } from './opencv.ts';

export interface TextBoxOptions {
  readonly cv: CV;
  readonly boxScore: number;
  readonly unclipRatio: number;
  readonly maxBoxes: number;
}

/** Probability of text for each pixel, row by row. */
export interface ProbabilityMap {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A rectangle with any tilt: `(ux, uy)` is the direction of its width. */
interface TiltedBox {
  readonly cx: number;
  readonly cy: number;
  readonly ux: number;
  readonly uy: number;
  readonly w: number;
  readonly h: number;
}

/** A pixel is text from here on (PaddleOCR's `det_db_thresh`). */
const pixelThreshold = 0.3;
/** Boxes thinner than this many pixels of the map are noise. */
const minSide = 3;
/** Contours that are looked at, the first found: a crafted picture could have a hundred thousand specks. */
const maxContours = 1000;
/** A box stands on a line when its top is lower than the line's highest by less than this part of the lower height. */
const sameLine = 0.6;

/**
 * Finds the boxes: threshold, contours, smallest rectangle around each, its mean probability, then growing it by
 * `area × ratio ÷ perimeter` (Liao et al. 2020, "Real-time Scene Text Detection with Differentiable Binarization", §3.6).
 * @returns detections labelled `text` in pixels of the frame, in reading order.
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

/** Every matrix of OpenCV is freed by hand: it lives outside the garbage collector's memory. */
function boxesAroundText(map: ProbabilityMap, cv: CV): TiltedBox[] {
  const mask = new cv.Mat(map.height, map.width, cv.CV_8UC1);
  const contours = new cv.MatVector();
  const hierarchy = new cv.Mat();
  try {
    const pixels: Uint8Array = mask.data;
    for (let i = 0; i < pixels.length; i++) pixels[i] = (map.data[i] as number) > pixelThreshold ? 1 : 0;
    cv.findContours(mask, contours, hierarchy, cv.RETR_LIST, cv.CHAIN_APPROX_SIMPLE);
    const boxes: TiltedBox[] = [];
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

/** The mean probability of the pixels inside a box. */
function meanInside(map: ProbabilityMap, box: TiltedBox): number {
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

/** Every side moves outwards by the same distance, so no general polygon clipping is needed for a rectangle. */
function grow(box: TiltedBox, ratio: number): TiltedBox {
  const by = (box.w * box.h * ratio) / (2 * (box.w + box.h));
  return { ...box, w: box.w + 2 * by, h: box.h + 2 * by };
}

function toDetection(box: TiltedBox, score: number, map: Size, frame: Size): Detection {
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

/** OpenCV starts at any corner; text starts at the one that is leftmost of the upper two. */
function fromTopLeft(corners: Quad): Quad {
  const [a, b, c, d] = corners.toSorted(([ax], [bx]) => ax - bx) as unknown as Quad;
  const [topLeft, bottomLeft] = a[1] <= b[1] ? [a, b] : [b, a];
  const [topRight, bottomRight] = c[1] <= d[1] ? [c, d] : [d, c];
  return [topLeft, topRight, bottomRight, bottomLeft];
}

function clamp(value: number, highest: number): number {
  return Math.min(highest, Math.max(0, value));
}

/** Lines from top to bottom, boxes of one line from left to right. "On one line" is no order by which to sort at once. */
function inReadingOrder(boxes: readonly Detection[]): Detection[] {
  const lines: [Detection, ...Detection[]][] = [];
  for (const box of boxes.toSorted((a, b) => a.y - b.y)) {
    const line = lines.at(-1);
    if (line !== undefined && box.y - line[0].y < sameLine * Math.min(box.h, line[0].h)) line.push(box);
    else lines.push([box]);
  }
  return lines.flatMap((line) => line.toSorted((a, b) => a.x - b.x));
}
