/** JPEG decoding and resizing. Runs on the pipeline's thread. */
import turbo from '@julusian/jpeg-turbo';
import jpeg from 'jpeg-js';

/** RGB samples of 0 to 255, row by row. */
export interface Image {
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

/** Message of the error for an undecodable frame. A message survives the transfer from a worker thread; an error class does not. */
export const invalidFrame = 'Not a valid JPEG image';

/** jpeg-turbo crashes the process if a header declares too many pixels. */
const maxPixels = 16_777_216;

/** @throws Error `invalidFrame`. */
export function decodeJpeg(frame: Uint8Array, decoder: Decoder): Image {
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

/** SOF markers are C0 to CF, except those of tables and arithmetic coding. */
const notFrameMarkers = [0xc4, 0xc8, 0xcc];

/** Walks the segments of a JPEG to its frame header. */
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
 * Resizes a region of an image bilinearly, with half-pixel centers as OpenCV does.
 * @returns RGB samples, `width × height × 3`; the image's own if no resize is needed.
 */
export function resize(image: Image, box: Box, width: number, height: number): Uint8Array | Float32Array {
  const { data, width: imageWidth, height: imageHeight } = image;
  if (box.w === imageWidth && box.h === imageHeight && width === box.w && height === box.h) return data;
  const out = new Float32Array(width * height * 3);
  let to = 0;
  for (let row = 0; row < height; row++) {
    const sourceY = clamp(box.y + ((row + 0.5) * box.h) / height - 0.5, 0, imageHeight - 1);
    const y0 = Math.floor(sourceY);
    const top = y0 * imageWidth;
    const bottom = Math.min(imageHeight - 1, y0 + 1) * imageWidth;
    const down = sourceY - y0;
    for (let column = 0; column < width; column++) {
      const sourceX = clamp(box.x + ((column + 0.5) * box.w) / width - 0.5, 0, imageWidth - 1);
      const x0 = Math.floor(sourceX);
      const x1 = Math.min(imageWidth - 1, x0 + 1);
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

export function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
