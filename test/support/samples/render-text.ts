/** Renders pages with known text, and encodes JPEG files. Tests and benches. */

import jpegJs from 'jpeg-js';
import type { Image } from '../../../src/models/image.ts';
import { addNoise, type Color, createCanvas, shade } from './canvas.ts';
import { drawText } from './draw-text.ts';

const paper: Color = [236, 234, 228];

export interface PageStyle {
  readonly width: number;
  readonly height: number;
  /** Height of a capital in pixels. */
  readonly size: number;
  /** Left and top margin in pixels. */
  readonly margin?: number;
  /** Distance between the tops of two lines, in cap heights. */
  readonly leading?: number;
  /** Clockwise rotation of the whole text, in degrees. */
  readonly angle?: number;
  /** Loss of light from the top left corner to the bottom right one: 0 none, 1 all. */
  readonly shadow?: number;
  /** Maximum noise in gray levels. */
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

/** A grayscale copy of an image: the mean of red, green and blue. */
export function toGray(image: Image): Image {
  const pixels = image.width * image.height;
  const data = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const [red = 0, green = 0, blue = 0] = image.data.subarray(i * 3, i * 3 + 3);
    data[i] = Math.round((red + green + blue) / 3);
  }
  return { width: image.width, height: image.height, channels: 1, data };
}

/** The fast encoder, if its native binary loads. Its output has 4:2:0 chroma subsampling, as cameras send. */
const turbo = await import('@julusian/jpeg-turbo').then(
  (loaded) => loaded.default,
  () => undefined,
);

/** Encodes an RGB image as a baseline JPEG. */
export function encodeJpeg(image: Image, quality = 85): Uint8Array {
  if (image.channels !== 3) throw new RangeError('only RGB images can be encoded');
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
