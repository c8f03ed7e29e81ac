/** Size limits for camera frames. Pure. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** 8192 × 6144, which covers every format called 8K. Larger frames are not decoded, whatever their header says. */
export const maxPixels = 50_331_648;
/** A raw RGB frame of {@link maxPixels}. */
export const maxRawFrameBytes = 3 * maxPixels;
/** The gateway's default `STREAM_MAX_PIXELS`; larger JPEGs are scaled down. */
const maxPassThroughPixels = 16_777_216;

const tooLarge = 'frames are too large';
const moreThan = `more than ${maxPixels.toLocaleString('en-US')} pixels`;

/** Used when ffmpeg reports the error and the size is not known. */
export const tooLargeDetail = `${tooLarge}: ${moreThan}`;

/** @returns the error for frames that are not decoded; undefined if they are, or if their size is not known. */
export function sizeError(size: Size | undefined): string | undefined {
  if (size === undefined || size.width * size.height <= maxPixels) return undefined;
  return `${tooLarge}: ${size.width}x${size.height}, ${moreThan}`;
}

/** Whether a JPEG of this size can be sent to the gateway unchanged. */
export function canPassThrough(size: Size | undefined): boolean {
  return size === undefined || size.width * size.height <= maxPassThroughPixels;
}
