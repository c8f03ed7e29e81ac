/** Reads rectangles of a picture at another size, as OpenCV does before a network sees it. Worker threads. */
import type { Image } from './image.ts';

/** A rectangle of a picture, in pixels; it may be fractional but must lie inside. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** One axis of a bilinear resize: for each target pixel the two source pixels and the weight of the second. */
export interface AxisTaps {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly weight: Float32Array;
}

/**
 * Half-pixel centres, clamped at the edges: the convention of OpenCV's INTER_LINEAR.
 * Offsets are multiplied by `stride`, so that the inner loop only adds.
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

/** From the first sample of a pixel to its green and its blue one; a grey pixel has but one. */
export function samplesOf({ channels }: Image): readonly [green: number, blue: number] {
  return channels === 1 ? [0, 0] : [1, 2];
}

/** Grows to the largest picture that has been averaged: a thread works on one at a time. */
let averaged = new Uint8Array(0);

/** The region reduced by a whole factor, each pixel the mean of `factor × factor` source pixels; valid until the next call. */
export function averageBlocks(image: Image, region: Region, factor: number): Image {
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
