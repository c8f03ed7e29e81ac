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

/** Above this reduction a bilinear resize skips source pixels, so an area average is taken first. */
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
  const reduction = Math.floor(Math.min(region.w / place.width, region.h / place.height));
  if (reduction >= largestBilinearReduction) {
    const smaller = averageBlocks(image, region, reduction);
    const whole = { x: 0, y: 0, w: smaller.width, h: smaller.height };
    resizeBilinear(smaller, whole, out, place, norm);
  } else {
    resizeBilinear(image, region, out, place, norm);
  }
}

function resizeBilinear(image: Image, region: Region, out: Float32Array, place: Placement, norm: Normalisation): void {
  const { data, channels } = image;
  const xs = axisTaps(region.x, region.w, place.width, image.width, channels);
  const ys = axisTaps(region.y, region.h, place.height, image.height, channels * image.width);
  const planeSize = place.planeWidth * place.planeHeight;
  for (let plane = 0; plane < 3; plane++) {
    const channel = channels === 1 ? 0 : norm.order === 'rgb' ? plane : 2 - plane;
    const factor = 1 / (255 * (norm.std[plane] as number));
    const shift = (norm.mean[plane] as number) / (norm.std[plane] as number);
    for (let row = 0; row < place.height; row++) {
      const top = (ys.first[row] as number) + channel;
      const bottom = (ys.second[row] as number) + channel;
      const down = ys.weight[row] as number;
      let to = plane * planeSize + (place.y + row) * place.planeWidth + place.x;
      for (let column = 0; column < place.width; column++) {
        const left = xs.first[column] as number;
        const right = xs.second[column] as number;
        const across = xs.weight[column] as number;
        const a = data[top + left] as number;
        const b = data[bottom + left] as number;
        const upper = a + ((data[top + right] as number) - a) * across;
        const lower = b + ((data[bottom + right] as number) - b) * across;
        out[to++] = (upper + (lower - upper) * down) * factor - shift;
      }
    }
  }
}

/** The region reduced by a whole factor, each pixel the mean of `factor × factor` source pixels. */
function averageBlocks(image: Image, region: Region, factor: number): Image {
  const { channels } = image;
  const x0 = Math.floor(region.x);
  const y0 = Math.floor(region.y);
  const width = Math.max(1, Math.floor(Math.min(region.w, image.width - x0) / factor));
  const height = Math.max(1, Math.floor(Math.min(region.h, image.height - y0) / factor));
  const data = new Uint8Array(width * height * channels);
  const stride = image.width * channels;
  const area = factor * factor;
  let to = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const corner = (y0 + row * factor) * stride + (x0 + column * factor) * channels;
      for (let channel = 0; channel < channels; channel++) {
        let sum = area >> 1;
        for (let dy = 0; dy < factor; dy++) {
          let from = corner + dy * stride + channel;
          for (let dx = 0; dx < factor; dx++, from += channels) sum += image.data[from] as number;
        }
        data[to++] = Math.floor(sum / area);
      }
    }
  }
  return { width, height, channels, data };
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
