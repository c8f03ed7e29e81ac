/** Bilinear resizing of an image region into a tensor. Worker threads. */
import type { Image } from './image.ts';
import { type AxisTaps, axisTaps, type Region, samplesOf } from './resampling.ts';
import type { DestRect, ImageTensor } from './tensor-layout.ts';

/** Two source rows, reused by every call, since a thread works on one image at a time. They grow to the widest image so far. */
let numberRows = new Float64Array(0);

/**
 * Source rows are converted to numbers once, and not with each of the two to four target pixels that use a sample. Two adjacent target rows
 * mostly share one of theirs.
 */
export function resizeBilinear(image: Image, region: Region, out: ImageTensor, dest: DestRect): void {
  const { data, channels } = image;
  const xs = axisTaps(region.x, region.w, dest.width, image.width, channels);
  const ys = axisTaps(region.y, region.h, dest.height, image.height, channels * image.width);
  const length = channels * image.width;
  // A crop needs only a part of each row.
  const begin = xs.first[0] as number;
  const end = (xs.second[dest.width - 1] as number) + channels;
  if (numberRows.length < 2 * length) numberRows = new Float64Array(2 * length);
  let upper = numberRows.subarray(0, length);
  let lower = numberRows.subarray(length, 2 * length);
  let upperAt = -1;
  let lowerAt = -1;
  for (let row = 0; row < dest.height; row++) {
    const top = ys.first[row] as number;
    const bottom = ys.second[row] as number;
    if (top === lowerAt) {
      [upper, lower] = [lower, upper];
      [upperAt, lowerAt] = [lowerAt, upperAt];
    }
    if (top !== upperAt) upper.set(data.subarray(top + begin, top + end), begin);
    if (bottom !== lowerAt) lower.set(data.subarray(bottom + begin, bottom + end), begin);
    upperAt = top;
    lowerAt = bottom;
    mixRow(upper, lower, image, xs, ys.weight[row] as number, out, ((dest.y + row) * out.width + dest.x) * out.step);
  }
}

/**
 * One target row between two source rows. All channels of a pixel in one pass: computing its taps and weights once halves the time. Copying
 * what the loop uses into locals saves another third.
 * @param down weight of the lower row.
 * @param start of the target row in the tensor.
 */
function mixRow(
  upper: Float64Array,
  lower: Float64Array,
  image: Image,
  xs: AxisTaps,
  down: number,
  out: ImageTensor,
  start: number,
): void {
  const { red, green, blue, step } = out;
  const [redFactor, greenFactor, blueFactor] = out.factor;
  const [redShift, greenShift, blueShift] = out.shift;
  const [g, h] = samplesOf(image);
  const { first, second, weight } = xs;
  const count = first.length;
  for (let column = 0, at = start; column < count; column++, at += step) {
    const left = first[column] as number;
    const right = second[column] as number;
    const across = weight[column] as number;
    const partD = across * down;
    const partC = down - partD;
    const partB = across - partD;
    const partA = 1 - down - partB;
    red[at] = mix(upper, lower, left, right, partA, partB, partC, partD) * redFactor - redShift;
    green[at] = mix(upper, lower, left + g, right + g, partA, partB, partC, partD) * greenFactor - greenShift;
    blue[at] = mix(upper, lower, left + h, right + h, partA, partB, partC, partD) * blueFactor - blueShift;
  }
}

/** Weighted sum of four samples. Inlined by the compiler. */
function mix(
  upper: Float64Array,
  lower: Float64Array,
  left: number,
  right: number,
  partA: number,
  partB: number,
  partC: number,
  partD: number,
): number {
  return (
    (upper[left] as number) * partA +
    (upper[right] as number) * partB +
    (lower[left] as number) * partC +
    (lower[right] as number) * partD
  );
}
