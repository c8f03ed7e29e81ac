/** Resizes images with a filter that grows with the reduction, as Pillow and torchvision do. Worker threads. */
import type { Image, Placement } from './image.ts';

/** For each pixel of an axis of the result: its first source pixel, and the weights of this and the following ones. */
interface Filter {
  readonly first: Int32Array;
  readonly taps: number;
  /** `taps` weights per pixel; unused ones are 0. */
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
  const weights = new Float32Array(count * taps);
  for (let pixel = 0; pixel < count; pixel++) {
    const center = (from + pixel + 0.5) * scale;
    const low = Math.max(0, Math.trunc(center - support + 0.5));
    const high = Math.min(source, Math.trunc(center + support + 0.5));
    first[pixel] = low;
    let sum = 0;
    for (let tap = 0; tap < high - low; tap++) {
      const weight = Math.max(0, 1 - Math.abs((low + tap - center + 0.5) / support));
      weights[pixel * taps + tap] = weight;
      sum += weight;
    }
    for (let tap = 0; tap < high - low; tap++)
      weights[pixel * taps + tap] = (weights[pixel * taps + tap] as number) / sum;
  }
  return { first, taps, weights };
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
  const narrow = new Uint8Array(width * image.height * image.channels);
  filterColumns(image, narrow, across);
  const data = new Uint8Array(width * height * image.channels);
  filterRows(narrow, data, down, width * image.channels);
  return { width, height, channels: image.channels, data };
}

/** Storing into a Uint8Array truncates, so half a level makes it round to the nearest. */
const rounding = 0.5;

function filterColumns(image: Image, out: Uint8Array, { first, taps, weights }: Filter): void {
  const { data, width, height, channels } = image;
  let at = 0;
  for (let row = 0; row < height; row++) {
    for (let pixel = 0; pixel < first.length; pixel++) {
      const from = (row * width + (first[pixel] as number)) * channels;
      for (let channel = 0; channel < channels; channel++, at++) {
        let sum = rounding;
        for (let tap = 0; tap < taps; tap++) {
          const weight = weights[pixel * taps + tap] as number;
          if (weight > 0) sum += weight * (data[from + tap * channels + channel] as number);
        }
        out[at] = sum;
      }
    }
  }
}

function filterRows(source: Uint8Array, out: Uint8Array, { first, taps, weights }: Filter, rowLength: number): void {
  for (let row = 0; row < first.length; row++) {
    const from = (first[row] as number) * rowLength;
    for (let column = 0; column < rowLength; column++) {
      let sum = rounding;
      for (let tap = 0; tap < taps; tap++) {
        const weight = weights[row * taps + tap] as number;
        if (weight > 0) sum += weight * (source[from + tap * rowLength + column] as number);
      }
      out[row * rowLength + column] = sum;
    }
  }
}
