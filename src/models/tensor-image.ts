/** Pictures into input tensors: one pass that resizes, normalises and lays out. Worker threads. */
import type { Image, Letterbox } from './image.ts';
import { averageBlocks, axisTaps, minAveragedReduction, type Region, samplesOf } from './resampling.ts';

/** What a sample of 0 to 255 becomes: `(sample / 255 - mean) / std`, for each plane. */
export interface Normalization {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** The order of the planes; pictures come in RGB. */
  readonly order: 'rgb' | 'bgr';
}

const colors = 3;

/** RGB, 0 to 1: what YOLO exports take. */
export const unitRgb: Normalization = { mean: [0, 0, 0], std: [1, 1, 1], order: 'rgb' };

/** A tensor that pictures are written into, and how a sample becomes a value of it: `sample × factor - shift`. */
export interface PictureTensor {
  /** Red, green and blue, each from its first value on. */
  readonly red: Samples;
  readonly green: Samples;
  readonly blue: Samples;
  /** From a value to that of the next pixel. */
  readonly step: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly factor: readonly [number, number, number];
  readonly shift: readonly [number, number, number];
  /** The whole tensor, where it takes RGB samples as they are: rows are copied at once. */
  readonly pixels?: Uint8Array;
}

type Samples = Float32Array | Uint8Array;

/** float32 `[3, height, width]`. */
export function planesTensor(data: Float32Array, width: number, height: number, norm: Normalization): PictureTensor {
  const { order, mean, std } = norm;
  const [red, green, blue] = order === 'rgb' ? ([0, 1, 2] as const) : ([2, 1, 0] as const);
  const planeAt = (index: number) => data.subarray(index * width * height, (index + 1) * width * height);
  const factorAt = (index: 0 | 1 | 2) => 1 / (255 * std[index]);
  const shiftAt = (index: 0 | 1 | 2) => mean[index] / std[index];
  return {
    red: planeAt(red),
    green: planeAt(green),
    blue: planeAt(blue),
    step: 1,
    width,
    height,
    factor: [factorAt(red), factorAt(green), factorAt(blue)],
    shift: [shiftAt(red), shiftAt(green), shiftAt(blue)],
  };
}

/** Storing into bytes cuts the fraction off; half a step less shift makes it the nearest one. */
const rounding = -0.5;

/** uint8 `[height, width, 3]`, RGB: pixels as they are. */
export function pixelsTensor(data: Uint8Array, width: number, height: number): PictureTensor {
  return {
    red: data,
    green: data.subarray(1),
    blue: data.subarray(2),
    step: 3,
    width,
    height,
    factor: [1, 1, 1],
    shift: [rounding, rounding, rounding],
    pixels: data,
  };
}

/** Where a resized region goes in the tensor, in pixels. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Resizes a region of a picture into a tensor; only the place is written. A grey picture fills all three colours. */
export function writeRegion(image: Image, region: Region, out: PictureTensor, place: Place): void {
  const reduction = Math.min(region.w / place.width, region.h / place.height);
  if (reduction >= minAveragedReduction) {
    const smaller = averageBlocks(image, region, Math.floor(reduction));
    writeSampled(smaller, { x: 0, y: 0, w: smaller.width, h: smaller.height }, out, place);
  } else {
    writeSampled(image, region, out, place);
  }
}

function writeSampled(image: Image, region: Region, out: PictureTensor, place: Place): void {
  const { pixels, width } = out;
  if (!isSameSize(region, place)) resizeBilinear(image, region, out, place);
  else if (pixels !== undefined && image.channels === colors) copyRows(image, region, pixels, width, place);
  else copyPixels(image, region, out, place);
}

/**
 * All channels of a pixel in one pass: its taps and weights are worked out once, which halves the time. What the loops use is
 * taken out of its objects first, which is worth a third.
 */
function resizeBilinear(image: Image, region: Region, out: PictureTensor, place: Place): void {
  const { data, channels } = image;
  const xs = axisTaps(region.x, region.w, place.width, image.width, channels);
  const ys = axisTaps(region.y, region.h, place.height, image.height, channels * image.width);
  const { red, green, blue, step } = out;
  const [redFactor, greenFactor, blueFactor] = out.factor;
  const [redShift, greenShift, blueShift] = out.shift;
  const [g, h] = samplesOf(image);
  const { first, second, weight } = xs;
  for (let row = 0; row < place.height; row++) {
    const top = ys.first[row] as number;
    const bottom = ys.second[row] as number;
    const down = ys.weight[row] as number;
    let at = ((place.y + row) * out.width + place.x) * step;
    for (let column = 0; column < place.width; column++, at += step) {
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

/** Four samples by their parts. Inlined by the compiler. */
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

/** Whether each pixel of the region becomes one of the tensor. */
function isSameSize({ x, y, w, h }: Region, { width, height }: Place): boolean {
  return w === width && h === height && Number.isInteger(x) && Number.isInteger(y);
}

/** A frame that has the input's size already, as most cameras can be told to send, needs no interpolation. */
function copyPixels(image: Image, region: Region, out: PictureTensor, place: Place): void {
  const { data, channels } = image;
  const { red, green, blue, step } = out;
  const [redFactor, greenFactor, blueFactor] = out.factor;
  const [redShift, greenShift, blueShift] = out.shift;
  const [nextGreen, nextBlue] = samplesOf(image);
  for (let row = 0; row < place.height; row++) {
    let from = ((region.y + row) * image.width + region.x) * channels;
    let at = ((place.y + row) * out.width + place.x) * step;
    for (const end = at + place.width * step; at < end; at += step, from += channels) {
      red[at] = (data[from] as number) * redFactor - redShift;
      green[at] = (data[from + nextGreen] as number) * greenFactor - greenShift;
      blue[at] = (data[from + nextBlue] as number) * blueFactor - blueShift;
    }
  }
}

function copyRows({ data, width }: Image, region: Region, pixels: Uint8Array, outWidth: number, place: Place): void {
  const length = colors * place.width;
  for (let row = 0; row < place.height; row++) {
    const from = colors * ((region.y + row) * width + region.x);
    pixels.set(data.subarray(from, from + length), colors * ((place.y + row) * outWidth + place.x));
  }
}

/** The grey of the bars around a letterboxed picture: 114 of 255, as YOLO is trained with. */
const padding = 114;

/** Writes a whole picture into a letterboxed input, which is overwritten whole. */
export function writeLetterboxed(image: Image, box: Letterbox, out: PictureTensor): void {
  const { width, height } = out;
  if (box.width !== width || box.height !== height) fillGray(out);
  const whole = { x: 0, y: 0, w: image.width, h: image.height };
  writeRegion(image, whole, out, { x: box.offsetX, y: box.offsetY, width: box.width, height: box.height });
}

function fillGray({ red, green, blue, step, width, height, factor, shift, pixels }: PictureTensor): void {
  if (pixels !== undefined) {
    pixels.fill(padding);
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
