/** Resampling of image regions with OpenCV's conventions. Worker threads. */
import type { Image } from './image.ts';

/** A rectangle of an image, in pixels. It may be fractional but must be inside the image. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** From this reduction on, an area average comes first: a bilinear resize would skip source pixels, or at exactly 2 equal it but be slower. */
export const minAveragedReduction = 2;

/** One axis of a bilinear resize: per target pixel, the two source pixels and the weight of the second. */
export interface AxisTaps {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly weight: Float32Array;
}

/**
 * Half-pixel centers, clamped at the edges: the convention of OpenCV's INTER_LINEAR.
 * Offsets are premultiplied by `stride`, so the inner loop only adds.
 */
export function axisTaps(start: number, length: number, target: number, sourceSize: number, stride: number): AxisTaps {
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

/** Offsets of a pixel's green and blue samples; a gray pixel has only one sample. */
export function samplesOf({ channels }: Image): readonly [green: number, blue: number] {
  return channels === 1 ? [0, 0] : [1, 2];
}

/** Reused by every call, since a thread works on one image at a time. It grows to the largest result so far. */
let averaged = new Uint8Array(0);

/** Reduces a region by an integer factor; each pixel is the mean of `factor × factor` source pixels. Valid until the next call. */
export function averageBlocks(image: Image, region: Region, factor: number): Image {
  const { data, channels } = image;
  const x0 = Math.floor(region.x);
  const y0 = Math.floor(region.y);
  const width = Math.max(1, Math.floor(Math.min(region.w, image.width - x0) / factor));
  const height = Math.max(1, Math.floor(Math.min(region.h, image.height - y0) / factor));
  if (averaged.length < width * height * channels) averaged = new Uint8Array(width * height * channels);
  const rowLength = image.width * channels;
  const averageRow = rowAverageOf(image, factor);
  for (let row = 0; row < height; row++) {
    const start = (y0 + row * factor) * rowLength + x0 * channels;
    averageRow(data, start, rowLength, averaged, row * width * channels, (row + 1) * width * channels);
  }
  return { width, height, channels, data: averaged };
}

/** Averages `factor` rows of samples from `start` into one output row, from `to` up to `end`. */
type RowAverage = (
  data: Uint8Array,
  start: number,
  rowLength: number,
  out: Uint8Array,
  to: number,
  end: number,
) => void;

/** Most cameras need RGB reduced by two or three (1280 or 1920 to 640 pixels): unrolled, these take half the time. */
function rowAverageOf(image: Image, factor: number): RowAverage {
  if (image.channels === 3 && factor === 2) return averageTwos;
  if (image.channels === 3 && factor === 3) return averageThrees;
  return averageAny(image, factor);
}

const averageTwos: RowAverage = (data, start, rowLength, out, to, end) => {
  for (let a = start, b = start + rowLength, at = to; at < end; at += 3, a += 6, b += 6) {
    out[at] = (sumOfTwo(data, a) + sumOfTwo(data, b) + 2) >> 2;
    out[at + 1] = (sumOfTwo(data, a + 1) + sumOfTwo(data, b + 1) + 2) >> 2;
    out[at + 2] = (sumOfTwo(data, a + 2) + sumOfTwo(data, b + 2) + 2) >> 2;
  }
};

const averageThrees: RowAverage = (data, start, rowLength, out, to, end) => {
  for (let a = start, b = a + rowLength, c = b + rowLength, at = to; at < end; at += 3, a += 9, b += 9, c += 9) {
    out[at] = (sumOfThree(data, a) + sumOfThree(data, b) + sumOfThree(data, c) + 4) / 9;
    out[at + 1] = (sumOfThree(data, a + 1) + sumOfThree(data, b + 1) + sumOfThree(data, c + 1) + 4) / 9;
    out[at + 2] = (sumOfThree(data, a + 2) + sumOfThree(data, b + 2) + sumOfThree(data, c + 2) + 4) / 9;
  }
};

/** Sum of one channel over neighboring pixels. Inlined by the compiler, as is the next function. */
function sumOfTwo(data: Uint8Array, at: number): number {
  return (data[at] as number) + (data[at + 3] as number);
}

function sumOfThree(data: Uint8Array, at: number): number {
  return sumOfTwo(data, at) + (data[at + 6] as number);
}

function averageAny(image: Image, factor: number): RowAverage {
  const { channels } = image;
  const [nextGreen, nextBlue] = samplesOf(image);
  const area = factor * factor;
  const half = area >> 1;
  return (data, start, rowLength, out, to, end) => {
    for (let at = to, left = start; at < end; at += channels, left += factor * channels) {
      let red = half;
      let green = half;
      let blue = half;
      for (let down = 0, first = left; down < factor; down++, first += rowLength) {
        for (let from = first; from < first + factor * channels; from += channels) {
          red += data[from] as number;
          green += data[from + nextGreen] as number;
          blue += data[from + nextBlue] as number;
        }
      }
      out[at] = red / area;
      out[at + nextGreen] = green / area;
      out[at + nextBlue] = blue / area;
    }
  };
}
