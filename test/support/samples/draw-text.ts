/** Draws text and plain shapes for rendered frames. Tests and benches. */
import type { Image } from '../../../src/models/image.ts';
import { type Color, fillPolygon, strokeLines } from './canvas.ts';
import { capHeight, glyphOf, letterGap, type Point, spaceWidth, textWidth } from './stroke-font.ts';

const ink: Color = [24, 24, 28];

/** Pen width as a fraction of the cap height: about that of a bold sans-serif. */
const penWidth = 0.15;

/** Position and style of a line of text. */
export interface TextStyle {
  /** Left end of the line and top of its capitals, in pixels. */
  readonly x: number;
  readonly y: number;
  /** Height of a capital in pixels. */
  readonly size: number;
  /** Clockwise, in degrees, around (x, y). */
  readonly angle?: number;
  /** Horizontal scale of the letters. */
  readonly stretch?: number;
  readonly color?: Color;
  /** Pen width as a fraction of the cap height. */
  readonly pen?: number;
}

/** A box of pixels, origin top left. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Draws one line of text with the stroke font. */
export function drawText(canvas: Image, text: string, style: TextStyle): void {
  const unit = style.size / capHeight;
  const stretch = style.stretch ?? 1;
  const angle = ((style.angle ?? 0) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle) * unit, Math.sin(angle) * unit];
  const toCanvas = (x: number, y: number): Point => {
    const wide = x * stretch;
    return [style.x + wide * cos - y * sin, style.y + wide * sin + y * cos];
  };
  let pen = 0;
  for (const character of text) {
    if (character === ' ') {
      pen += spaceWidth + letterGap;
      continue;
    }
    const glyph = glyphOf(character);
    const start = pen;
    const strokes = glyph.strokes.map((stroke) => stroke.map(([x, y]) => toCanvas(start + x, y)));
    strokeLines(canvas, strokes, style.size * (style.pen ?? penWidth), style.color ?? ink);
    pen += glyph.width + letterGap;
  }
}

/** Width in pixels of text drawn by {@link drawText}, without the pen width. */
export function measureText(text: string, size: number, stretch = 1): number {
  return (textWidth(text) * size * stretch) / capHeight;
}

/** Corners of a rectangle rotated clockwise around its center by `angle` degrees, clockwise from its top left. */
export function turnedBox(center: Point, w: number, h: number, angle: number): [Point, Point, Point, Point] {
  const radians = (angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  const corner = (x: number, y: number): Point => [center[0] + x * cos - y * sin, center[1] + x * sin + y * cos];
  return [corner(-w / 2, -h / 2), corner(w / 2, -h / 2), corner(w / 2, h / 2), corner(-w / 2, h / 2)];
}

/** Draws a filled rectangle with a rim in another color. */
export function fillRimmed(
  canvas: Image,
  center: Point,
  size: { w: number; h: number; rim: number; angle: number },
  rim: Color,
  inside: Color,
): void {
  fillPolygon(canvas, turnedBox(center, size.w, size.h, size.angle), rim);
  fillPolygon(canvas, turnedBox(center, size.w - 2 * size.rim, size.h - 2 * size.rim, size.angle), inside);
}
