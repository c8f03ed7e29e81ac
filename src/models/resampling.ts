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
  const averageRow = rowAverageOf(image, { ...region, x: x0 }, factor);
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

/** Most cameras need RGB reduced by two, three, or four (1280, 1920, or 2560 to 640 pixels): unrolled, these take a third to a half of the time. */
function rowAverageOf(image: Image, region: Region, factor: number): RowAverage {
  if (image.channels !== 3) return averageAny(image, factor);
  if (factor === 3) return averageThrees;
  const words = factor === 2 || factor === 4 ? wordsOf(image, region) : undefined;
  if (words !== undefined) return factor === 2 ? averageTwosOf(words) : averageFoursOf(words);
  return factor === 2 ? averageTwos : averageAny(image, factor);
}

/** Samples in a 32-bit word, and pixels after which an RGB sample is at the same place in its word again. */
export const samplesPerWord = 4;
/** A word's first byte is its lowest. Every platform of Node is little-endian but s390x. */
const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * The samples of an RGB image, four at once: loading them one by one takes most of the time of a simple pass.
 * @returns `undefined` if the rows of the region do not all begin with a whole word.
 */
export function wordsOf({ data, width }: Image, { x }: Region): Int32Array | undefined {
  const isAligned = data.byteOffset % samplesPerWord === 0 && width % samplesPerWord === 0 && x % samplesPerWord === 0;
  if (!isLittleEndian || !isAligned) return undefined;
  return new Int32Array(data.buffer, data.byteOffset, Math.floor(data.length / samplesPerWord));
}

const averageTwos: RowAverage = (data, start, rowLength, out, to, end) => {
  for (let a = start, b = start + rowLength, at = to; at < end; at += 3, a += 6, b += 6) {
    out[at] = (sumOfTwo(data, a) + sumOfTwo(data, b) + 2) >> 2;
    out[at + 1] = (sumOfTwo(data, a + 1) + sumOfTwo(data, b + 1) + 2) >> 2;
    out[at + 2] = (sumOfTwo(data, a + 2) + sumOfTwo(data, b + 2) + 2) >> 2;
  }
};

/** The first and third byte of a word; each has room for a sum of 256 of them. */
const evenBytes = 0x00ff_00ff;

/** Sums of the bytes of two words: of the first and third in the lower and upper half, then of the second and fourth. Inlined. */
function evenOfTwo(words: Int32Array, a: number, b: number): number {
  return ((words[a] as number) & evenBytes) + ((words[b] as number) & evenBytes);
}

function oddOfTwo(words: Int32Array, a: number, b: number): number {
  return (((words[a] as number) >>> 8) & evenBytes) + (((words[b] as number) >>> 8) & evenBytes);
}

function lower(sums: number): number {
  return sums & 0xffff;
}

function upper(sums: number): number {
  return sums >>> 16;
}

/**
 * Three words are four pixels: RGBR GBRG BRGB. They become two. In a row of an odd number, the second one is behind the end: the next row
 * replaces it.
 */
function averageTwosOf(words: Int32Array): RowAverage {
  return (_, start, rowLength, out, to, end) => {
    const next = rowLength / samplesPerWord;
    for (let a = start / samplesPerWord, at = to; at < end; at += 6, a += 3) {
      const b = a + next;
      const even0 = evenOfTwo(words, a, b);
      const odd0 = oddOfTwo(words, a, b);
      const even1 = evenOfTwo(words, a + 1, b + 1);
      const odd1 = oddOfTwo(words, a + 1, b + 1);
      const even2 = evenOfTwo(words, a + 2, b + 2);
      const odd2 = oddOfTwo(words, a + 2, b + 2);
      out[at] = (lower(even0) + upper(odd0) + 2) >> 2;
      out[at + 1] = (lower(odd0) + lower(even1) + 2) >> 2;
      out[at + 2] = (upper(even0) + lower(odd1) + 2) >> 2;
      out[at + 3] = (upper(even1) + lower(odd2) + 2) >> 2;
      out[at + 4] = (upper(odd1) + upper(even2) + 2) >> 2;
      out[at + 5] = (lower(even2) + upper(odd2) + 2) >> 2;
    }
  };
}

/** Three words are four pixels, which become one. */
function averageFoursOf(words: Int32Array): RowAverage {
  return (_, start, rowLength, out, to, end) => {
    const next = rowLength / samplesPerWord;
    for (let a = start / samplesPerWord, at = to; at < end; at += 3, a += 3) {
      const b = a + next;
      const c = b + next;
      const d = c + next;
      const even0 = evenOfTwo(words, a, b) + evenOfTwo(words, c, d);
      const odd0 = oddOfTwo(words, a, b) + oddOfTwo(words, c, d);
      const even1 = evenOfTwo(words, a + 1, b + 1) + evenOfTwo(words, c + 1, d + 1);
      const odd1 = oddOfTwo(words, a + 1, b + 1) + oddOfTwo(words, c + 1, d + 1);
      const even2 = evenOfTwo(words, a + 2, b + 2) + evenOfTwo(words, c + 2, d + 2);
      const odd2 = oddOfTwo(words, a + 2, b + 2) + oddOfTwo(words, c + 2, d + 2);
      out[at] = (lower(even0) + upper(odd0) + upper(even1) + lower(odd2) + 8) >> 4;
      out[at + 1] = (lower(odd0) + lower(even1) + upper(odd1) + upper(even2) + 8) >> 4;
      out[at + 2] = (upper(even0) + lower(odd1) + lower(even2) + upper(odd2) + 8) >> 4;
    }
  };
}

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
