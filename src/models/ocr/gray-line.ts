/** Resizes a region of an image into one grayscale channel, the input of a single-channel recognizer. Worker threads. */
import type { Image } from '../image.ts';
import type { Normalization } from '../image-tensor.ts';
import { type AxisTaps, averageBlocks, axisTaps, minAveragedReduction, type Region, samplesOf } from '../resampling.ts';

/** ITU-R BT.601: weights of red, green and blue in gray. */
const grayWeights = [0.299, 0.587, 0.114] as const;

/** Gray value of a pixel: `red × weights[0] + green × weights[1] + blue × weights[2] - shift`. */
interface GrayMix {
  readonly weights: readonly [number, number, number];
  readonly shift: number;
}

/**
 * Converting to gray and resizing are both linear, so their order can be swapped. Each image row is converted and resized
 * horizontally once; each output row blends two of these. This takes half the time of resizing three channels first.
 */
export class GrayLineWriter {
  readonly #height: number;
  readonly #mix: GrayMix;
  /** One row of the region in gray, at the image's width. It grows to the widest region so far. */
  #grayRow = new Float32Array(0);
  /** The two image rows around the current output row, at the output's width. */
  #upper: Float32Array;
  #lower: Float32Array;

  /** @param height of every output, in pixels. @param maxWidth of the widest output, in pixels. */
  constructor(height: number, maxWidth: number, normalization: Normalization) {
    this.#height = height;
    this.#mix = grayMixOf(normalization);
    this.#upper = new Float32Array(maxWidth);
    this.#lower = new Float32Array(maxWidth);
  }

  /** Writes all `width × height` values of the channel. Reductions by two or more are averaged first, as for RGB. */
  write(image: Image, region: Region, out: Float32Array, width: number): void {
    const reduction = Math.min(region.w / width, region.h / this.#height);
    if (reduction >= minAveragedReduction) {
      const smaller = averageBlocks(image, region, Math.floor(reduction));
      this.#resize(smaller, { x: 0, y: 0, w: smaller.width, h: smaller.height }, out, width);
    } else {
      this.#resize(image, region, out, width);
    }
  }

  #resize(image: Image, region: Region, out: Float32Array, width: number): void {
    const height = this.#height;
    const xs = axisTaps(region.x, region.w, width, image.width, 1);
    const ys = axisTaps(region.y, region.h, height, image.height, 1);
    const left = xs.first[0] as number;
    const length = (xs.second[width - 1] as number) + 1 - left;
    if (this.#grayRow.length < length) this.#grayRow = new Float32Array(length);
    let upperRow = -1;
    let lowerRow = -1;
    for (let row = 0; row < height; row++) {
      const top = ys.first[row] as number;
      const bottom = ys.second[row] as number;
      // The previous lower row often becomes the upper one.
      if (top === lowerRow) {
        [this.#upper, this.#lower] = [this.#lower, this.#upper];
        [upperRow, lowerRow] = [lowerRow, upperRow];
      }
      if (top !== upperRow) this.#stretch(image, top, left, length, xs, this.#upper);
      if (bottom !== lowerRow) this.#stretch(image, bottom, left, length, xs, this.#lower);
      [upperRow, lowerRow] = [top, bottom];
      blend(this.#upper, this.#lower, ys.weight[row] as number, out, row * width, width);
    }
  }

  /** Converts the needed part of an image row to gray and resizes it to the output's width. */
  #stretch(
    image: Image,
    row: number,
    left: number,
    length: number,
    { first, second, weight }: AxisTaps,
    out: Float32Array,
  ): void {
    const grayRow = this.#grayRow;
    mixRow(image, row * image.width + left, length, this.#mix, grayRow);
    for (let column = 0; column < first.length; column++) {
      const a = grayRow[(first[column] as number) - left] as number;
      const b = grayRow[(second[column] as number) - left] as number;
      out[column] = a + (b - a) * (weight[column] as number);
    }
  }
}

/** Normalization is linear too, so the weights include it. */
function grayMixOf({ mean, std, order }: Normalization): GrayMix {
  const channelOf = order === 'rgb' ? ([0, 1, 2] as const) : ([2, 1, 0] as const);
  const weightOf = (color: 0 | 1 | 2) => grayWeights[color] / (255 * std[channelOf[color]]);
  const shiftOf = (color: 0 | 1 | 2) => (grayWeights[color] * mean[channelOf[color]]) / std[channelOf[color]];
  return { weights: [weightOf(0), weightOf(1), weightOf(2)], shift: shiftOf(0) + shiftOf(1) + shiftOf(2) };
}

function mixRow(image: Image, pixel: number, length: number, { weights, shift }: GrayMix, out: Float32Array): void {
  const { data, channels } = image;
  const [red, green, blue] = weights;
  const [nextGreen, nextBlue] = samplesOf(image);
  for (let at = 0, from = pixel * channels; at < length; at++, from += channels) {
    out[at] =
      red * (data[from] as number) +
      green * (data[from + nextGreen] as number) +
      blue * (data[from + nextBlue] as number) -
      shift;
  }
}

/** Writes one output row: a blend of two rows. */
function blend(
  upper: Float32Array,
  lower: Float32Array,
  down: number,
  out: Float32Array,
  start: number,
  width: number,
): void {
  for (let column = 0; column < width; column++) {
    const above = upper[column] as number;
    out[start + column] = above + ((lower[column] as number) - above) * down;
  }
}
