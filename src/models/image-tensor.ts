/** Writes images into input tensors: resizes, normalizes and converts the layout in one pass. Worker threads. */
import { resizeBilinear } from './bilinear.ts';
import type { Image, Placement } from './image.ts';
import { averageBlocks, minAveragedReduction, type Region, samplesOf, samplesPerWord, wordsOf } from './resampling.ts';
import type { DestRect, ImageTensor } from './tensor-layout.ts';

export type { ImageTensor } from './tensor-layout.ts';

/** Maps samples of 0 to 255 to `(sample / 255 - mean) / std`, per channel. */
export interface Normalization {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** The model's channel order; images are RGB. */
  readonly order: 'rgb' | 'bgr';
}

const rgbChannels = 3;

/** RGB, 0 to 1: what YOLO exports take. */
export const unitRgb: Normalization = { mean: [0, 0, 0], std: [1, 1, 1], order: 'rgb' };

/** float32 `[3, height, width]`. */
export function nchwTensor(data: Float32Array, width: number, height: number, norm: Normalization): ImageTensor {
  const { order, mean, std } = norm;
  const [red, green, blue] = order === 'rgb' ? ([0, 1, 2] as const) : ([2, 1, 0] as const);
  const channelAt = (index: number) => data.subarray(index * width * height, (index + 1) * width * height);
  const factorAt = (index: 0 | 1 | 2) => 1 / (255 * std[index]);
  const shiftAt = (index: 0 | 1 | 2) => mean[index] / std[index];
  return {
    red: channelAt(red),
    green: channelAt(green),
    blue: channelAt(blue),
    step: 1,
    width,
    height,
    factor: [factorAt(red), factorAt(green), factorAt(blue)],
    shift: [shiftAt(red), shiftAt(green), shiftAt(blue)],
  };
}

/** Storing into a Uint8Array truncates; a shift of -0.5 makes it round to the nearest value. */
const rounding = -0.5;

/** uint8 `[height, width, 3]`, RGB, without normalization. */
export function nhwcTensor(data: Uint8Array, width: number, height: number): ImageTensor {
  return {
    red: data,
    green: data.subarray(1),
    blue: data.subarray(2),
    step: 3,
    width,
    height,
    factor: [1, 1, 1],
    shift: [rounding, rounding, rounding],
    rgb: data,
  };
}

/** Resizes a region of an image into a tensor and writes only `dest`. A gray image fills all three channels. */
export function writeRegion(image: Image, region: Region, out: ImageTensor, dest: DestRect): void {
  const reduction = Math.min(region.w / dest.width, region.h / dest.height);
  if (reduction >= minAveragedReduction) {
    const smaller = averageBlocks(image, region, Math.floor(reduction));
    writeSampled(smaller, { x: 0, y: 0, w: smaller.width, h: smaller.height }, out, dest);
  } else {
    writeSampled(image, region, out, dest);
  }
}

function writeSampled(image: Image, region: Region, out: ImageTensor, dest: DestRect): void {
  const { rgb, width } = out;
  if (!isSameSize(region, dest)) resizeBilinear(image, region, out, dest);
  else if (rgb !== undefined && image.channels === rgbChannels) copyRows(image, region, rgb, width, dest);
  else if (out.step !== 1 || image.channels !== rgbChannels || !copyWords(image, region, out, dest))
    copyPixels(image, region, out, dest);
}

/** Whether the region maps to the tensor pixel by pixel. */
function isSameSize({ x, y, w, h }: Region, { width, height }: DestRect): boolean {
  return w === width && h === height && Number.isInteger(x) && Number.isInteger(y);
}

/** A frame that already has the input's size needs no interpolation. Most cameras can be configured to send that size. */
function copyPixels(image: Image, region: Region, out: ImageTensor, dest: DestRect): void {
  const { data, channels } = image;
  const { red, green, blue, step } = out;
  const [redFactor, greenFactor, blueFactor] = out.factor;
  const [redShift, greenShift, blueShift] = out.shift;
  const [nextGreen, nextBlue] = samplesOf(image);
  for (let row = 0; row < dest.height; row++) {
    let from = ((region.y + row) * image.width + region.x) * channels;
    let at = ((dest.y + row) * out.width + dest.x) * step;
    for (const end = at + dest.width * step; at < end; at += step, from += channels) {
      red[at] = (data[from] as number) * redFactor - redShift;
      green[at] = (data[from + nextGreen] as number) * greenFactor - greenShift;
      blue[at] = (data[from + nextBlue] as number) * blueFactor - blueShift;
    }
  }
}

/**
 * As {@link copyPixels} for RGB into NCHW, four pixels at once: three words are RGBR GBRG BRGB.
 * @returns whether the rows begin and end with whole words; otherwise nothing is written.
 */
function copyWords(image: Image, region: Region, out: ImageTensor, dest: DestRect): boolean {
  const words = wordsOf(image, region);
  if (words === undefined || dest.width % samplesPerWord !== 0) return false;
  const { red, green, blue } = out;
  const [redFactor, greenFactor, blueFactor] = out.factor;
  const [redShift, greenShift, blueShift] = out.shift;
  for (let row = 0; row < dest.height; row++) {
    let from = (((region.y + row) * image.width + region.x) * rgbChannels) / samplesPerWord;
    let at = (dest.y + row) * out.width + dest.x;
    for (const end = at + dest.width; at < end; at += samplesPerWord, from += rgbChannels) {
      const first = words[from] as number;
      const second = words[from + 1] as number;
      const third = words[from + 2] as number;
      red[at] = (first & 255) * redFactor - redShift;
      green[at] = ((first >>> 8) & 255) * greenFactor - greenShift;
      blue[at] = ((first >>> 16) & 255) * blueFactor - blueShift;
      red[at + 1] = (first >>> 24) * redFactor - redShift;
      green[at + 1] = (second & 255) * greenFactor - greenShift;
      blue[at + 1] = ((second >>> 8) & 255) * blueFactor - blueShift;
      red[at + 2] = ((second >>> 16) & 255) * redFactor - redShift;
      green[at + 2] = (second >>> 24) * greenFactor - greenShift;
      blue[at + 2] = (third & 255) * blueFactor - blueShift;
      red[at + 3] = ((third >>> 8) & 255) * redFactor - redShift;
      green[at + 3] = ((third >>> 16) & 255) * greenFactor - greenShift;
      blue[at + 3] = (third >>> 24) * blueFactor - blueShift;
    }
  }
  return true;
}

function copyRows({ data, width }: Image, region: Region, rgb: Uint8Array, outWidth: number, dest: DestRect): void {
  const length = rgbChannels * dest.width;
  for (let row = 0; row < dest.height; row++) {
    const from = rgbChannels * ((region.y + row) * width + region.x);
    rgb.set(data.subarray(from, from + length), rgbChannels * ((dest.y + row) * outWidth + dest.x));
  }
}

/** Gray level of letterbox padding; YOLO is trained with 114 of 255. */
const padding = 114;

/** Writes an image into an input at its place and overwrites the whole tensor. */
export function writePlaced(image: Image, place: Placement, out: ImageTensor): void {
  const { width, height } = out;
  const across = visiblePart(place.offsetX, place.width, width, image.width);
  const down = visiblePart(place.offsetY, place.height, height, image.height);
  const region = { x: across.from, y: down.from, w: across.length, h: down.length };
  const dest = { x: across.at, y: down.at, width: across.size, height: down.size };
  fillAround(dest, out);
  writeRegion(image, region, out, dest);
}

/** The part of an axis of the image that is inside the input: `from` and `length` in the image, `at` and `size` in the input. */
function visiblePart(offset: number, placed: number, input: number, image: number) {
  const hidden = Math.max(0, -offset);
  const size = Math.min(placed, input);
  return { from: (hidden * image) / placed, length: (size * image) / placed, at: Math.max(0, offset), size };
}

/** Fills what is outside of `dest` with gray. */
function fillAround(dest: DestRect, out: ImageTensor): void {
  const { width, height } = out;
  fillGray(out, 0, dest.y * width);
  fillGray(out, (dest.y + dest.height) * width, height * width);
  if (dest.width === width) return;
  const right = dest.x + dest.width;
  for (let row = dest.y; row < dest.y + dest.height; row++) {
    fillGray(out, row * width, row * width + dest.x);
    fillGray(out, row * width + right, (row + 1) * width);
  }
}

/** Fills pixels from `from` up to `to`, in the order of rows. */
function fillGray({ red, green, blue, factor, shift, rgb }: ImageTensor, from: number, to: number): void {
  if (from === to) return;
  if (rgb !== undefined) {
    rgb.fill(padding, rgbChannels * from, rgbChannels * to);
    return;
  }
  red.fill(padding * factor[0] - shift[0], from, to);
  green.fill(padding * factor[1] - shift[1], from, to);
  blue.fill(padding * factor[2] - shift[2], from, to);
}
