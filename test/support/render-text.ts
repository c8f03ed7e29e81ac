/** Draws frames with known text: plates on cars, pages of lines, single words. Tests and the load harness only. */
import jpegJs from 'jpeg-js';
import type { Image } from '../../src/models/image.ts';
import { addNoise, type Colour, createCanvas, fillPolygon, shade, strokeLines } from './canvas.ts';
import { capHeight, glyphOf, letterGap, type Point, spaceWidth, textWidth } from './stroke-font.ts';

const ink: Colour = [24, 24, 28];
const paper: Colour = [236, 234, 228];

/** Pen width as a part of a capital's height: about that of a bold grotesque. */
const penWidth = 0.15;

/** Where and how a line of text is drawn. */
export interface TextStyle {
  /** Left end of the line and top of its capitals, in pixels. */
  readonly x: number;
  readonly y: number;
  /** Height of a capital in pixels. */
  readonly size: number;
  /** Clockwise, in degrees, around (x, y). */
  readonly angle?: number;
  /** Narrows or widens the letters. */
  readonly stretch?: number;
  readonly colour?: Colour;
  /** Width of the pen in capitals' heights. */
  readonly pen?: number;
}

/** A box of pixels, origin top left. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Draws one line of text in the letters of the stroke font. */
export function drawText(canvas: Image, text: string, style: TextStyle): void {
  const unit = style.size / capHeight;
  const stretch = style.stretch ?? 1;
  const angle = ((style.angle ?? 0) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle) * unit, Math.sin(angle) * unit];
  const place = (x: number, y: number): Point => {
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
    const strokes = glyph.strokes.map((stroke) => stroke.map(([x, y]) => place(start + x, y)));
    strokeLines(canvas, strokes, style.size * (style.pen ?? penWidth), style.colour ?? ink);
    pen += glyph.width + letterGap;
  }
}

/** Width in pixels that {@link drawText} takes, without the pen's own width. */
export function measureText(text: string, size: number, stretch = 1): number {
  return (textWidth(text) * size * stretch) / capHeight;
}

/** A rectangle turned clockwise by some degrees around its centre: its corners, clockwise from its top left. */
export function turnedBox(centre: Point, w: number, h: number, angle: number): [Point, Point, Point, Point] {
  const radians = (angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  const corner = (x: number, y: number): Point => [centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos];
  return [corner(-w / 2, -h / 2), corner(w / 2, -h / 2), corner(w / 2, h / 2), corner(-w / 2, h / 2)];
}

export interface PageStyle {
  readonly width: number;
  readonly height: number;
  /** Height of a capital in pixels. */
  readonly size: number;
  /** Left and top margin in pixels. */
  readonly margin?: number;
  /** Distance between two lines' tops, in capitals' heights. */
  readonly leading?: number;
  /** Clockwise turn of the whole text in degrees. */
  readonly angle?: number;
  /** How much light is lost from the top left corner to the bottom right one: 0 none, 1 all. */
  readonly shadow?: number;
  /** Largest noise in grey levels. */
  readonly noise?: number;
  readonly pen?: number;
  readonly seed?: number;
}

/** A white page with lines of text. */
export function renderPage(lines: readonly string[], style: PageStyle): Image {
  const { width, height, size, margin = size * 1.5, leading = 2.2, angle = 0, shadow = 0, noise = 0 } = style;
  const canvas = createCanvas(width, height, paper);
  const radians = (angle * Math.PI) / 180;
  lines.forEach((line, i) => {
    const down = i * leading * size;
    const at = { x: margin - down * Math.sin(radians), y: margin + down * Math.cos(radians) };
    drawText(canvas, line, { ...at, size, angle, pen: style.pen ?? 0.13 });
  });
  if (shadow > 0) shade(canvas, (x, y) => 1 - (shadow * (x / width + y / height)) / 2);
  if (noise > 0) addNoise(canvas, noise, style.seed ?? 1);
  return canvas;
}

/** Draws a filled outline: the rim in one colour, a smaller copy inside in another. */
export function fillRimmed(
  canvas: Image,
  centre: Point,
  size: { w: number; h: number; rim: number; angle: number },
  rim: Colour,
  inside: Colour,
): void {
  fillPolygon(canvas, turnedBox(centre, size.w, size.h, size.angle), rim);
  fillPolygon(canvas, turnedBox(centre, size.w - 2 * size.rim, size.h - 2 * size.rim, size.angle), inside);
}

/** A copy of a picture with one channel: the mean of red, green and blue. */
export function toGrey(image: Image): Image {
  const pixels = image.width * image.height;
  const data = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const [red = 0, green = 0, blue = 0] = image.data.subarray(i * 3, i * 3 + 3);
    data[i] = Math.round((red + green + blue) / 3);
  }
  return { width: image.width, height: image.height, channels: 1, data };
}

/** The fast encoder where its binary loads; its output has 4:2:0 colour, as cameras send. */
const turbo = await import('@julusian/jpeg-turbo').then(
  (loaded) => loaded.default,
  () => undefined,
);

/** A baseline JPEG of an RGB picture. */
export function encodeJpeg(image: Image, quality = 85): Uint8Array {
  if (image.channels !== 3) throw new RangeError('only RGB pictures are encoded');
  const { width, height, data } = image;
  if (turbo !== undefined) {
    const raw = Buffer.from(data.buffer as ArrayBuffer, data.byteOffset, width * height * 3);
    const options = { format: turbo.FORMAT_RGB, width, height, quality, subsampling: turbo.SAMP_420 };
    return Uint8Array.from(turbo.compressSync(raw, options));
  }
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) rgba.set(data.subarray(i * 3, i * 3 + 3), i * 4);
  return Uint8Array.from(jpegJs.encode({ width, height, data: rgba }, quality).data);
}
