/** Pictures into tensors: one pass that resizes, normalises and splits into channel planes. Worker threads. */
import type { Image, Letterbox } from './image.ts';

/** What a sample of 0 to 255 becomes: `(sample / 255 - mean) / std`, for each plane. */
export interface Normalisation {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** The order of the planes; pictures come in RGB. */
  readonly order: 'rgb' | 'bgr';
}

/** RGB, 0 to 1: what YOLO exports take. */
export const unitRgb: Normalisation = { mean: [0, 0, 0], std: [1, 1, 1], order: 'rgb' };

/** A rectangle of a picture, in pixels; it may be fractional but must lie inside. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Where the resized region goes in the tensor: `[1, 3, planeHeight, planeWidth]`. */
export interface Placement {
  readonly planeWidth: number;
  readonly planeHeight: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One axis of a bilinear resize: for each target pixel the two source pixels and the weight of the second. */
interface AxisTaps {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly weight: Float32Array;
}

/** Above this reduction a bilinear resize skips source pixels, so an area average is taken first; at it, it is that average. */
const largestBilinearReduction = 2;

/**
 * Half-pixel centres, clamped at the edges: the convention of OpenCV's INTER_LINEAR.
 * Offsets are multiplied by `stride`, so that the inner loop only adds.
 */
function axisTaps(start: number, length: number, target: number, sourceSize: number, stride: number): AxisTaps {
  const first = new Int32Array(target);
  const second = new Int32Array(target);
  const weight = new Float32Array(target);
  const step = length / target;
  for (let i = 0; i < target; i++) {
    const at = Math.min(sourceSize - 1, Math.max(0, start + (i + 0.5) * step - 0.5));
    const low = Math.floor(at);
    first[i] = low * stride;
    second[i] = Math.min(sourceSize - 1, low + 1) * stride;
    weight[i] = at - low;
  }
  return { first, second, weight };
}

/**
 * Resizes a region of a picture into three float planes of a tensor.
 * @param out float32 `[3, planeHeight, planeWidth]`; only the placed rectangle is written.
 * A grey picture fills all three planes.
 */
export function writeRegion(
  image: Image,
  region: Region,
  out: Float32Array,
  place: Placement,
  norm: Normalisation,
): void {
  const reduction = Math.min(region.w / place.width, region.h / place.height);
  if (reduction > largestBilinearReduction) {
    const smaller = averageBlocks(image, region, Math.floor(reduction));
    resize(smaller, { x: 0, y: 0, w: smaller.width, h: smaller.height }, out, place, norm);
  } else {
    resize(image, region, out, place, norm);
  }
}

function resize(image: Image, region: Region, out: Float32Array, place: Placement, norm: Normalisation): void {
  const write = isSameSize(region, place) ? copyPixels : resizeBilinear;
  write(image, region, out, place, norm);
}

/** The planes of red, green and blue, and how a sample becomes a value of them: `sample × factor - shift`. */
interface Planes {
  readonly data: readonly [Float32Array, Float32Array, Float32Array];
  readonly factor: readonly [number, number, number];
  readonly shift: readonly [number, number, number];
}

function planesOf(out: Float32Array, place: Placement, { order, mean, std }: Normalisation): Planes {
  const size = place.planeWidth * place.planeHeight;
  const [red, green, blue] = order === 'rgb' ? ([0, 1, 2] as const) : ([2, 1, 0] as const);
  const planeAt = (index: number) => out.subarray(index * size, (index + 1) * size);
  const factorAt = (index: 0 | 1 | 2) => 1 / (255 * std[index]);
  const shiftAt = (index: 0 | 1 | 2) => mean[index] / std[index];
  return {
    data: [planeAt(red), planeAt(green), planeAt(blue)],
    factor: [factorAt(red), factorAt(green), factorAt(blue)],
    shift: [shiftAt(red), shiftAt(green), shiftAt(blue)],
  };
}

/** From the first sample of a pixel to its green and its blue one; a grey pixel has but one. */
function samplesOf({ channels }: Image): readonly [green: number, blue: number] {
  return channels === 1 ? [0, 0] : [1, 2];
}

/**
 * All channels of a pixel in one pass: its taps and weights are worked out once, which halves the time. What the loops use is
 * taken out of its objects first, which is worth a third.
 */
function resizeBilinear(image: Image, region: Region, out: Float32Array, place: Placement, norm: Normalisation): void {
  const { data, channels } = image;
  const xs = axisTaps(region.x, region.w, place.width, image.width, channels);
  const ys = axisTaps(region.y, region.h, place.height, image.height, channels * image.width);
  const planes = planesOf(out, place, norm);
  const [red, green, blue] = planes.data;
  const [redFactor, greenFactor, blueFactor] = planes.factor;
  const [redShift, greenShift, blueShift] = planes.shift;
  const [g, h] = samplesOf(image);
  const { first, second, weight } = xs;
  for (let row = 0; row < place.height; row++) {
    const top = ys.first[row] as number;
    const bottom = ys.second[row] as number;
    const down = ys.weight[row] as number;
    let at = (place.y + row) * place.planeWidth + place.x;
    for (let column = 0; column < place.width; column++, at++) {
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
function isSameSize({ x, y, w, h }: Region, { width, height }: Placement): boolean {
  return w === width && h === height && Number.isInteger(x) && Number.isInteger(y);
}

/** A frame that has the input's size already, as most cameras can be told to send, needs no interpolation. */
function copyPixels(image: Image, region: Region, out: Float32Array, place: Placement, norm: Normalisation): void {
  const { data, channels } = image;
  const planes = planesOf(out, place, norm);
  const [red, green, blue] = planes.data;
  const [redFactor, greenFactor, blueFactor] = planes.factor;
  const [redShift, greenShift, blueShift] = planes.shift;
  const [nextGreen, nextBlue] = samplesOf(image);
  for (let row = 0; row < place.height; row++) {
    let from = ((region.y + row) * image.width + region.x) * channels;
    let at = (place.y + row) * place.planeWidth + place.x;
    for (const end = at + place.width; at < end; at++, from += channels) {
      red[at] = (data[from] as number) * redFactor - redShift;
      green[at] = (data[from + nextGreen] as number) * greenFactor - greenShift;
      blue[at] = (data[from + nextBlue] as number) * blueFactor - blueShift;
    }
  }
}

/** Grows to the largest picture that has been averaged: a thread works on one at a time. */
let averaged = new Uint8Array(0);

/** The region reduced by a whole factor, each pixel the mean of `factor × factor` source pixels; valid until the next call. */
function averageBlocks(image: Image, region: Region, factor: number): Image {
  const { data, channels } = image;
  const x0 = Math.floor(region.x);
  const y0 = Math.floor(region.y);
  const width = Math.max(1, Math.floor(Math.min(region.w, image.width - x0) / factor));
  const height = Math.max(1, Math.floor(Math.min(region.h, image.height - y0) / factor));
  if (averaged.length < width * height * channels) averaged = new Uint8Array(width * height * channels);
  const rowLength = image.width * channels;
  const area = factor * factor;
  const half = area >> 1;
  const [nextGreen, nextBlue] = samplesOf(image);
  for (let row = 0, to = 0; row < height; row++) {
    for (let column = 0; column < width; column++, to += channels) {
      let start = (y0 + row * factor) * rowLength + (x0 + column * factor) * channels;
      let red = half;
      let green = half;
      let blue = half;
      for (let down = 0; down < factor; down++, start += rowLength) {
        for (let from = start; from < start + factor * channels; from += channels) {
          red += data[from] as number;
          green += data[from + nextGreen] as number;
          blue += data[from + nextBlue] as number;
        }
      }
      averaged[to] = red / area;
      averaged[to + nextGreen] = green / area;
      averaged[to + nextBlue] = blue / area;
    }
  }
  return { width, height, channels, data: averaged };
}

/** The grey of the bars around a letterboxed picture: 114 of 255, as YOLO is trained with. */
const padding = 114;

/**
 * Writes a whole picture into a letterboxed input.
 * @param out float32 `[1, 3, inputHeight, inputWidth]`, overwritten whole.
 */
export function writeLetterboxed(
  image: Image,
  box: Letterbox,
  out: Float32Array,
  input: { width: number; height: number },
  norm: Normalisation,
): void {
  const planeSize = input.width * input.height;
  const covers = box.width === input.width && box.height === input.height;
  if (!covers) {
    for (let plane = 0; plane < 3; plane++) {
      const grey = (padding / 255 - (norm.mean[plane] as number)) / (norm.std[plane] as number);
      out.fill(grey, plane * planeSize, (plane + 1) * planeSize);
    }
  }
  const whole = { x: 0, y: 0, w: image.width, h: image.height };
  const place = {
    planeWidth: input.width,
    planeHeight: input.height,
    x: box.offsetX,
    y: box.offsetY,
    width: box.width,
    height: box.height,
  };
  writeRegion(image, whole, out, place, norm);
}
