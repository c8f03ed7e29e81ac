/** Resizes a region of a picture into one plane of grey, the input of a recogniser that takes no colour. Worker threads. */
import type { Image } from './image.ts';
import { type AxisTaps, averageBlocks, axisTaps, minAveragedReduction, type Region, samplesOf } from './resampling.ts';
import type { Normalization } from './tensor-image.ts';

/** ITU-R BT.601: the parts of red, green and blue in grey. */
const grayParts = [0.299, 0.587, 0.114] as const;

/** What the samples of a pixel become together: `red × parts[0] + green × parts[1] + blue × parts[2] - shift`. */
interface GrayMix {
  readonly parts: readonly [number, number, number];
  readonly shift: number;
}

/**
 * Mixing and resizing may change places, since both are sums. So each row of the picture is mixed and stretched once, at its own
 * length, and rows of the plane are blends of two of those: half the time of resizing three colours and mixing them then.
 */
export class GrayLineWriter {
  readonly #height: number;
  readonly #mix: GrayMix;
  /** One row of the region as it lies in the picture; it grows to the widest region that there has been. */
  #mixed = new Float32Array(0);
  /** The two picture rows between which the current row of the plane lies, at the plane's width. */
  #upper: Float32Array;
  #lower: Float32Array;

  /** @param largestWidth of the planes that are written, in pixels; `height` is that of them all. */
  constructor(height: number, maxWidth: number, normalization: Normalization) {
    this.#height = height;
    this.#mix = grayMixOf(normalization);
    this.#upper = new Float32Array(maxWidth);
    this.#lower = new Float32Array(maxWidth);
  }

  /** Writes `width × height` values, the whole plane. Reductions by two or more are averages first, as in colour. */
  write(image: Image, region: Region, plane: Float32Array, width: number): void {
    const reduction = Math.min(region.w / width, region.h / this.#height);
    if (reduction >= minAveragedReduction) {
      const smaller = averageBlocks(image, region, Math.floor(reduction));
      this.#resize(smaller, { x: 0, y: 0, w: smaller.width, h: smaller.height }, plane, width);
    } else {
      this.#resize(image, region, plane, width);
    }
  }

  #resize(image: Image, region: Region, plane: Float32Array, width: number): void {
    const height = this.#height;
    const xs = axisTaps(region.x, region.w, width, image.width, 1);
    const ys = axisTaps(region.y, region.h, height, image.height, 1);
    const left = xs.first[0] as number;
    const length = (xs.second[width - 1] as number) + 1 - left;
    if (this.#mixed.length < length) this.#mixed = new Float32Array(length);
    let upperRow = -1;
    let lowerRow = -1;
    for (let row = 0; row < height; row++) {
      const top = ys.first[row] as number;
      const bottom = ys.second[row] as number;
      // Going down, the lower row soon is the upper one.
      if (top === lowerRow) {
        [this.#upper, this.#lower] = [this.#lower, this.#upper];
        [upperRow, lowerRow] = [lowerRow, upperRow];
      }
      if (top !== upperRow) this.#stretch(image, top, left, length, xs, this.#upper);
      if (bottom !== lowerRow) this.#stretch(image, bottom, left, length, xs, this.#lower);
      [upperRow, lowerRow] = [top, bottom];
      blend(this.#upper, this.#lower, ys.weight[row] as number, plane, row * width, width);
    }
  }

  /** Mixes the part of a picture's row that is needed, and resizes it to the plane's width. */
  #stretch(
    image: Image,
    row: number,
    left: number,
    length: number,
    { first, second, weight }: AxisTaps,
    out: Float32Array,
  ): void {
    const mixed = this.#mixed;
    mixRow(image, row * image.width + left, length, this.#mix, mixed);
    for (let column = 0; column < first.length; column++) {
      const a = mixed[(first[column] as number) - left] as number;
      const b = mixed[(second[column] as number) - left] as number;
      out[column] = a + (b - a) * (weight[column] as number);
    }
  }
}

/** Parts that include the normalisation: it too is a product and a sum. */
function grayMixOf({ mean, std, order }: Normalization): GrayMix {
  const planeOf = order === 'rgb' ? ([0, 1, 2] as const) : ([2, 1, 0] as const);
  const partOf = (color: 0 | 1 | 2) => grayParts[color] / (255 * std[planeOf[color]]);
  const shiftOf = (color: 0 | 1 | 2) => (grayParts[color] * mean[planeOf[color]]) / std[planeOf[color]];
  return { parts: [partOf(0), partOf(1), partOf(2)], shift: shiftOf(0) + shiftOf(1) + shiftOf(2) };
}

function mixRow(image: Image, pixel: number, length: number, { parts, shift }: GrayMix, out: Float32Array): void {
  const { data, channels } = image;
  const [red, green, blue] = parts;
  const [nextGreen, nextBlue] = samplesOf(image);
  for (let at = 0, from = pixel * channels; at < length; at++, from += channels) {
    out[at] =
      red * (data[from] as number) +
      green * (data[from + nextGreen] as number) +
      blue * (data[from + nextBlue] as number) -
      shift;
  }
}

/** Writes one row of a plane: a blend of two others. */
function blend(
  upper: Float32Array,
  lower: Float32Array,
  down: number,
  plane: Float32Array,
  start: number,
  width: number,
): void {
  for (let column = 0; column < width; column++) {
    const above = upper[column] as number;
    plane[start + column] = above + ((lower[column] as number) - above) * down;
  }
}
