/** Resizes images with a filter that grows with the reduction, as Pillow and torchvision do. Worker threads. */
import type { Image, Placement } from './image.ts';

/** For each pixel of an axis of the result: its first source pixel, the one behind its last, and the weights of these. */
interface Filter {
  readonly first: Int32Array;
  readonly end: Int32Array;
  /** Weights per pixel; the last ones may be unused. */
  readonly taps: number;
  readonly weights: Float32Array;
}

/**
 * The triangle filter of Pillow's `BILINEAR` (`precompute_coeffs` in `Resample.c`).
 * @param source source pixels.
 * @param resized pixels of the whole resized axis.
 * @param from first pixel of the result on that axis.
 * @param count pixels of the result.
 */
function triangleFilter(source: number, resized: number, from: number, count: number): Filter {
  const scale = source / resized;
  const support = Math.max(1, scale);
  const taps = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(count);
  const end = new Int32Array(count);
  const weights = new Float32Array(count * taps);
  for (let pixel = 0; pixel < count; pixel++) {
    const center = (from + pixel + 0.5) * scale;
    const low = Math.max(0, Math.trunc(center - support + 0.5));
    const high = Math.min(source, Math.trunc(center + support + 0.5));
    first[pixel] = low;
    end[pixel] = high;
    let sum = 0;
    for (let tap = 0; tap < high - low; tap++) {
      const weight = Math.max(0, 1 - Math.abs((low + tap - center + 0.5) / support));
      weights[pixel * taps + tap] = weight;
      sum += weight;
    }
    for (let tap = 0; tap < high - low; tap++)
      weights[pixel * taps + tap] = (weights[pixel * taps + tap] as number) / sum;
  }
  return { first, end, taps, weights };
}

/**
 * Resizes an image, first across and then down, each rounded to whole samples as in Pillow.
 * @param placement of the image in the result; what protrudes is cut off.
 * @param result size in pixels.
 */
export function resizeAntialiased(
  image: Image,
  placement: Placement,
  result: { readonly width: number; readonly height: number },
): Image {
  const { width, height } = result;
  const across = triangleFilter(image.width, placement.width, -placement.offsetX, width);
  const down = triangleFilter(image.height, placement.height, -placement.offsetY, height);
  // A crop of a tall image needs few of its rows.
  const rows = { from: down.first[0] as number, to: down.end[height - 1] as number };
  const narrow = filterColumns(image, rows, across);
  const data = filterRows(narrow, rows.from, down, width * image.channels);
  return { width, height, channels: image.channels, data };
}

/** Storing into a Uint8Array truncates, so half a level makes it round to the nearest. */
const rounding = 0.5;

/** @returns the rows in `rows`, resized across. */
function filterColumns(image: Image, rows: { readonly from: number; readonly to: number }, filter: Filter): Uint8Array {
  const { data, width, channels } = image;
  const { first, end, taps, weights } = filter;
  const out = new Uint8Array((rows.to - rows.from) * first.length * channels);
  let at = 0;
  for (let row = rows.from; row < rows.to; row++) {
    for (let pixel = 0; pixel < first.length; pixel++) {
      const from = (row * width + (first[pixel] as number)) * channels;
      const to = (row * width + (end[pixel] as number)) * channels;
      for (let channel = 0; channel < channels; channel++, at++) {
        let sum = rounding;
        for (let sample = from + channel, tap = pixel * taps; sample < to; sample += channels, tap++) {
          sum += (weights[tap] as number) * (data[sample] as number);
        }
        out[at] = sum;
      }
    }
  }
  return out;
}

/**
 * Adds up whole rows, which are adjacent in memory.
 * @param firstRow the row of the image with which `source` begins.
 */
function filterRows(source: Uint8Array, firstRow: number, filter: Filter, rowLength: number): Uint8Array {
  const { first, end, taps, weights } = filter;
  const out = new Uint8Array(first.length * rowLength);
  const sums = new Float64Array(rowLength);
  for (let row = 0; row < first.length; row++) {
    sums.fill(rounding);
    for (let from = first[row] as number, tap = row * taps; from < (end[row] as number); from++, tap++) {
      const weight = weights[tap] as number;
      const start = (from - firstRow) * rowLength;
      for (let column = 0; column < rowLength; column++) {
        sums[column] = (sums[column] as number) + weight * (source[start + column] as number);
      }
    }
    out.set(sums, row * rowLength);
  }
  return out;
}
