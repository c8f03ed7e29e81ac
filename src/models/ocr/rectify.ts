/** Crops a tilted quadrilateral from an image and rectifies it. Worker threads. */
import type { Point, Quad } from '../../protocol.ts';
import type { Image } from '../image.ts';

/** Maps the unit square onto a quadrilateral: `x = (a u + b v + c) / (g u + h v + 1)`, and y likewise with d, e, f. */
interface Homography {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
  readonly g: number;
  readonly h: number;
}

/** A quadrilateral with this height-to-width ratio holds vertical text (as in PaddleOCR). */
const verticalRatio = 1.5;
/** Maximum side of a crop in pixels; every recognizer's input is smaller. */
const maxSide = 2048;

/** Heckbert, "Fundamentals of Texture Mapping and Image Warping" (1989), §2.2.3: square to quadrilateral. */
function squareToQuad([p0, p1, p2, p3]: Quad): Homography {
  const dx1 = p1[0] - p2[0];
  const dy1 = p1[1] - p2[1];
  const dx2 = p3[0] - p2[0];
  const dy2 = p3[1] - p2[1];
  const sumX = p0[0] - p1[0] + p2[0] - p3[0];
  const sumY = p0[1] - p1[1] + p2[1] - p3[1];
  const determinant = dx1 * dy2 - dx2 * dy1;
  const g = determinant === 0 ? 0 : (sumX * dy2 - dx2 * sumY) / determinant;
  const h = determinant === 0 ? 0 : (dx1 * sumY - sumX * dy1) / determinant;
  return {
    a: p1[0] - p0[0] + g * p1[0],
    b: p3[0] - p0[0] + h * p3[0],
    c: p0[0],
    d: p1[1] - p0[1] + g * p1[1],
    e: p3[1] - p0[1] + h * p3[1],
    f: p0[1],
    g,
    h,
  };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** Angle between a quadrilateral's top edge and the horizontal, 0 to 180 degrees. */
export function tiltOf([topLeft, topRight]: Quad): number {
  return Math.abs((Math.atan2(topRight[1] - topLeft[1], topRight[0] - topLeft[0]) * 180) / Math.PI);
}

/** Width and height of a quadrilateral in pixels: its longer sides. */
function sidesOf([topLeft, topRight, bottomRight, bottomLeft]: Quad): { w: number; h: number } {
  return {
    w: Math.max(distance(topLeft, topRight), distance(bottomLeft, bottomRight)),
    h: Math.max(distance(topLeft, bottomLeft), distance(topRight, bottomRight)),
  };
}

/** Whether a quadrilateral is so tall that its text must be vertical. */
export function isVertical(quad: Quad): boolean {
  const { w, h } = sidesOf(quad);
  return h >= verticalRatio * w;
}

/** Rotates a vertical quadrilateral so that its text runs from left to right: its left side becomes the bottom. */
function rotateVertical(quad: Quad): Quad {
  const [topLeft, topRight, bottomRight, bottomLeft] = quad;
  return isVertical(quad) ? [topRight, bottomRight, bottomLeft, topLeft] : quad;
}

/** Grows a quadrilateral by fractions of its sides: `x` along the top and bottom, `y` along the left and right. */
function grow([topLeft, topRight, bottomRight, bottomLeft]: Quad, { x, y }: { x: number; y: number }): Quad {
  const between = (a: Point, b: Point, fraction: number): Point => [
    a[0] + (b[0] - a[0]) * fraction,
    a[1] + (b[1] - a[1]) * fraction,
  ];
  const corner = (across: number, down: number): Point =>
    between(between(topLeft, topRight, across), between(bottomLeft, bottomRight, across), down);
  return [corner(-x, -y), corner(1 + x, -y), corner(1 + x, 1 + y), corner(-x, 1 + y)];
}

/** Length and height in pixels of the text in a quadrilateral. */
export function textSizeOf(quad: Quad): { w: number; h: number } {
  return sidesOf(rotateVertical(quad));
}

/**
 * Samples a quadrilateral bilinearly into an upright image with the size of its longest sides.
 * @param margin extra area on each side, as fractions of the text's length and height.
 * @returns a new image with the channels of the source. Points outside the source repeat its edge.
 */
export function rectify(image: Image, corners: Quad, margin = { x: 0, y: 0 }): Image {
  const quad = grow(rotateVertical(corners), margin);
  const sides = sidesOf(quad);
  const [width, height] = [sideInPixels(sides.w), sideInPixels(sides.h)];
  const { channels } = image;
  const data = new Uint8Array(width * height * channels);
  const { a, b, c, d, e, f, g, h } = squareToQuad(quad);
  for (let row = 0, to = 0; row < height; row++) {
    const v = (row + 0.5) / height;
    for (let column = 0; column < width; column++, to += channels) {
      const u = (column + 0.5) / width;
      const depth = g * u + h * v + 1;
      sample(image, (a * u + b * v + c) / depth - 0.5, (d * u + e * v + f) / depth - 0.5, data, to);
    }
  }
  return { width, height, channels, data };
}

function sideInPixels(length: number): number {
  return Math.min(maxSide, Math.max(1, Math.round(length)));
}

/** Writes the interpolated sample at a point; integer coordinates are pixel centers. */
function sample(image: Image, x: number, y: number, out: Uint8Array, to: number): void {
  const { width, height, channels, data } = image;
  const inX = Math.min(width - 1, Math.max(0, x));
  const inY = Math.min(height - 1, Math.max(0, y));
  const left = Math.floor(inX);
  const top = Math.floor(inY);
  const right = Math.min(width - 1, left + 1);
  const bottom = Math.min(height - 1, top + 1);
  const across = inX - left;
  const down = inY - top;
  for (let channel = 0; channel < channels; channel++) {
    const at = (row: number, column: number) => data[(row * width + column) * channels + channel] as number;
    const upper = at(top, left) + (at(top, right) - at(top, left)) * across;
    const lower = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * across;
    out[to + channel] = Math.round(upper + (lower - upper) * down);
  }
}
