/** JPEG frames to pixels, and parts of them to another size. Whichever thread runs the pipeline. */
import turbo from '@julusian/jpeg-turbo';
import jpeg from 'jpeg-js';

/** RGB samples of 0 to 255, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A rectangle in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export const decoders = ['jpeg-js', 'jpeg-turbo'] as const;
export type Decoder = (typeof decoders)[number];

/** What a frame that cannot be decoded is answered with; the text survives the way out of a worker thread, a class would not. */
export const invalidFrame = 'Not a valid JPEG image';

/** jpeg-turbo takes the process down when a header claims more pixels than it can hold. */
const maxPixels = 16_777_216;

/** @throws Error `invalidFrame`. */
export function decodeJpeg(frame: Uint8Array, decoder: Decoder): Picture {
  try {
    if (decoder === 'jpeg-js') return jpeg.decode(frame, { useTArray: true, formatAsRGBA: false });
    const { width, height } = readSize(frame);
    if (width * height > maxPixels) throw new Error(`${width}x${height} pixels`);
    return turbo.decompressSync(Buffer.from(frame.buffer as ArrayBuffer, frame.byteOffset, frame.byteLength), {
      format: turbo.FORMAT_RGB,
    });
  } catch (cause) {
    throw new Error(invalidFrame, { cause });
  }
}

/** Markers of the start of a frame are C0 to CF, less those of tables and of arithmetic coding. */
const notFrameMarkers = [0xc4, 0xc8, 0xcc];

/** Walks the segments of a JPEG to the one that tells its size. */
function readSize(frame: Uint8Array): { width: number; height: number } {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let at = 2;
  for (;;) {
    const marker = view.getUint16(at) & 0xff;
    if (marker >= 0xc0 && marker <= 0xcf && !notFrameMarkers.includes(marker)) {
      return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    }
    at += 2 + view.getUint16(at + 2);
  }
}

/**
 * Resizes a part of a picture bilinearly, with half-pixel centres as OpenCV does.
 * @returns RGB samples, `width × height × 3`; the picture's own where nothing is to be done.
 */
export function resize(picture: Picture, box: Box, width: number, height: number): Uint8Array | Float32Array {
  const { data, width: pictureWidth, height: pictureHeight } = picture;
  if (box.w === pictureWidth && box.h === pictureHeight && width === box.w && height === box.h) return data;
  const out = new Float32Array(width * height * 3);
  let to = 0;
  for (let row = 0; row < height; row++) {
    const sourceY = clamp(box.y + ((row + 0.5) * box.h) / height - 0.5, 0, pictureHeight - 1);
    const y0 = Math.floor(sourceY);
    const top = y0 * pictureWidth;
    const bottom = Math.min(pictureHeight - 1, y0 + 1) * pictureWidth;
    const down = sourceY - y0;
    for (let column = 0; column < width; column++) {
      const sourceX = clamp(box.x + ((column + 0.5) * box.w) / width - 0.5, 0, pictureWidth - 1);
      const x0 = Math.floor(sourceX);
      const x1 = Math.min(pictureWidth - 1, x0 + 1);
      const across = sourceX - x0;
      for (let channel = 0; channel < 3; channel++) {
        const a = data[(top + x0) * 3 + channel] as number;
        const b = data[(top + x1) * 3 + channel] as number;
        const c = data[(bottom + x0) * 3 + channel] as number;
        const d = data[(bottom + x1) * 3 + channel] as number;
        const upper = a + (b - a) * across;
        const lower = c + (d - c) * across;
        out[to++] = upper + (lower - upper) * down;
      }
    }
  }
  return out;
}

export function clamp(value: number, lowest: number, highest: number): number {
  return Math.min(highest, Math.max(lowest, value));
}
