/** Writes images into input tensors: resizes, normalizes and converts the layout in one pass. Worker threads. */
import type { Image, Placement } from './image.ts';
import { averageBlocks, axisTaps, minAveragedReduction, type Region, samplesOf } from './resampling.ts';

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

/** A tensor that images are written into. A sample becomes `sample × factor - shift`. */
export interface ImageTensor {
  /** Views that begin at the first red, green and blue value. */
  readonly red: Samples;
  readonly green: Samples;
  readonly blue: Samples;
  /** Distance between the values of two adjacent pixels: 1 for NCHW, 3 for NHWC. */
  readonly step: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly factor: readonly [number, number, number];
  readonly shift: readonly [number, number, number];
  /** The whole tensor if it takes RGB samples without normalization, so that rows can be copied. */
  readonly rgb?: Uint8Array;
}

type Samples = Float32Array | Uint8Array;

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

/** Where a resized region is written in the tensor, in pixels. */
export interface DestRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
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
  else copyPixels(image, region, out, dest);
}

/**
 * All channels of a pixel in one pass: computing its taps and weights once halves the time. Copying what the inner loop uses
 * into locals saves another third.
 */
function resizeBilinear(image: Image, region: Region, out: ImageTensor, dest: DestRect): void {
  const { data, channels } = image;
  const xs = axisTaps(region.x, region.w, dest.width, image.width, channels);
  const ys = axisTaps(region.y, region.h, dest.height, image.height, channels * image.width);
  const { red, green, blue, step } = out;
  const [redFactor, greenFactor, blueFactor] = out.factor;
  const [redShift, greenShift, blueShift] = out.shift;
  const [g, h] = samplesOf(image);
  const { first, second, weight } = xs;
  for (let row = 0; row < dest.height; row++) {
    const top = ys.first[row] as number;
    const bottom = ys.second[row] as number;
    const down = ys.weight[row] as number;
    let at = ((dest.y + row) * out.width + dest.x) * step;
    for (let column = 0; column < dest.width; column++, at += step) {
      const left = first[column] as number;
      const right = second[column] as number;
      const across = weight[column] as number;
      const a = top + left;
      const b = top + right;
      const c = bottom + left;
      const d = bottom + right;
      const partD = across * down;
      const partC = down - partD;
      const partB = across - partD;
      const partA = 1 - down - partB;
      red[at] = mix(data, a, b, c, d, partA, partB, partC, partD) * redFactor - redShift;
      green[at] = mix(data, a + g, b + g, c + g, d + g, partA, partB, partC, partD) * greenFactor - greenShift;
      blue[at] = mix(data, a + h, b + h, c + h, d + h, partA, partB, partC, partD) * blueFactor - blueShift;
    }
  }
}

/** Weighted sum of four samples. Inlined by the compiler. */
function mix(
  data: Uint8Array,
  a: number,
  b: number,
  c: number,
  d: number,
  partA: number,
  partB: number,
  partC: number,
  partD: number,
): number {
  return (
    (data[a] as number) * partA +
    (data[b] as number) * partB +
    (data[c] as number) * partC +
    (data[d] as number) * partD
  );
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
  if (place.width < width || place.height < height) fillGray(out);
  const across = visiblePart(place.offsetX, place.width, width, image.width);
  const down = visiblePart(place.offsetY, place.height, height, image.height);
  const region = { x: across.from, y: down.from, w: across.length, h: down.length };
  const dest = { x: across.at, y: down.at, width: across.size, height: down.size };
  writeRegion(image, region, out, dest);
}

/** The part of an axis of the image that is inside the input: `from` and `length` in the image, `at` and `size` in the input. */
function visiblePart(offset: number, placed: number, input: number, image: number) {
  const hidden = Math.max(0, -offset);
  const size = Math.min(placed, input);
  return { from: (hidden * image) / placed, length: (size * image) / placed, at: Math.max(0, offset), size };
}

function fillGray({ red, green, blue, step, width, height, factor, shift, rgb }: ImageTensor): void {
  if (rgb !== undefined) {
    rgb.fill(padding);
    return;
  }
  const grayOf = (index: 0 | 1 | 2) => padding * factor[index] - shift[index];
  const values = [grayOf(0), grayOf(1), grayOf(2)] as const;
  for (let at = 0; at < width * height * step; at += step) {
    red[at] = values[0];
    green[at] = values[1];
    blue[at] = values[2];
  }
}
