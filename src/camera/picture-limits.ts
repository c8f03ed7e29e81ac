/** How large a camera's pictures may be. Pure. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** 8192 × 6144: all that is called 8K. No larger picture is decoded, whatever its header says. */
export const maxPixels = 50_331_648;
/** A raw picture of the most pixels, RGB. */
export const maxPictureBytes = 3 * maxPixels;
/** A gateway takes no larger frame unless its `STREAM_MAX_PIXELS` says so; larger JPEGs are made smaller. */
const maxCopiedPixels = 16_777_216;

const tooLarge = 'its pictures are too large';
const moreThan = `more than ${maxPixels.toLocaleString('en-US')} pixels`;

/** For when ffmpeg says so, and the size is not known. */
export const tooLargeWords = `${tooLarge}: ${moreThan}`;

/** @returns words for a picture that is not decoded; undefined for one that is, and where the size is not known. */
export function refusalOfSize(size: Size | undefined): string | undefined {
  if (size === undefined || size.width * size.height <= maxPixels) return undefined;
  return `${tooLarge}: ${size.width}x${size.height}, ${moreThan}`;
}

/** Whether a JPEG of this size may go to a gateway as it is. */
export function mayBeCopied(size: Size | undefined): boolean {
  return size === undefined || size.width * size.height <= maxCopiedPixels;
}
