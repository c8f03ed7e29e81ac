/** Sizes of a model's input for frames of other aspect ratios. Pure. */
import type { Size } from './frame-box.ts';

/** Sides are multiples of this in nearly all YOLO models with a free size. */
const usualStride = 32;

/** What both sides must be a multiple of, by the metadata of the model. */
export function sideMultipleOf(metadata: Readonly<Record<string, string>>): number {
  const stride = Number(metadata['stride']);
  return stride > usualStride ? stride : usualStride;
}

/** Aspect ratios of cameras, width over height, upright and on their side. */
const aspects = [16 / 9, 4 / 3, 3 / 4, 9 / 16] as const;

/** The size itself, and one with at most as many pixels for each usual aspect ratio. A frame always fits the first one. */
export function shapesLike(size: Size, sideMultiple: number): readonly Size[] {
  const maxPixels = size.width * size.height;
  const shapes = [size, ...aspects.map((aspect) => largestShape(aspect, maxPixels, sideMultiple))];
  const isFirst = ({ width, height }: Size, index: number) =>
    shapes.findIndex((other) => other.width === width && other.height === height) === index;
  return shapes.filter((shape, index) => shape.width * shape.height <= maxPixels && isFirst(shape, index));
}

/** The size in which frames of an aspect ratio are largest. */
function largestShape(aspect: number, maxPixels: number, sideMultiple: number): Size {
  const ideal = Math.sqrt(maxPixels / aspect);
  const around = [Math.floor, Math.ceil].map((round) => Math.max(1, round(ideal / sideMultiple)) * sideMultiple);
  const shapes = around.map((height) => {
    const width = Math.max(1, Math.floor(maxPixels / height / sideMultiple)) * sideMultiple;
    return { width, height };
  });
  return bestShape(shapes, { width: aspect, height: 1 });
}

/** The size in which a frame is largest; of equal ones, the first. @throws TypeError without a size. */
export function bestShape(shapes: readonly Size[], frame: Size): Size {
  const scaleOf = ({ width, height }: Size) => Math.min(width / frame.width, height / frame.height);
  return shapes.reduce((best, shape) => (scaleOf(shape) > scaleOf(best) ? shape : best));
}

/** Half the size of an input, rounded up. */
export function halfOf({ width, height }: Size, sideMultiple: number): Size {
  const half = (side: number) => Math.ceil(side / 2 / sideMultiple) * sideMultiple;
  return { width: half(width), height: half(height) };
}
