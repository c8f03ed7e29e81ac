/** Decides from a message's bytes alone whether it is a JPEG frame worth copying. Pure; runs on the loop, before any copy. */
import { streamErrors } from '../errors.ts';
import { readJpegHeader } from '../jpeg/header.ts';

/** What one frame may be; the label is how the peer reads `maxFrameBytes`. */
export interface FrameLimits {
  readonly maxFrameBytes: number;
  readonly maxFrameLabel: string;
  readonly maxPixels: number;
}

export type FrameCheck =
  | { readonly ok: true; readonly width: number; readonly height: number }
  | { readonly ok: false; readonly code: 'invalid_frame' | 'frame_too_large'; readonly detail: string };

/** The decoder takes 8 bits a sample, gray or color. */
const supportedBitsPerSample = 8;

function refuse(reason: string): FrameCheck {
  return { ok: false, code: 'invalid_frame', detail: `${streamErrors.invalid_frame.detail}: ${reason}` };
}

/**
 * Checks size, SOI, EOI and the frame header of a JPEG.
 * @param bytes one message as received; it is only read.
 * @returns the picture's size in pixels, or the refusal to send.
 */
export function validateJpeg(bytes: Uint8Array, limits: FrameLimits): FrameCheck {
  if (bytes.length > limits.maxFrameBytes) {
    return { ok: false, code: 'frame_too_large', detail: `Frame exceeds ${limits.maxFrameLabel}` };
  }
  const read = readJpegHeader(bytes);
  if (!read.ok) return refuse(read.reason);
  const { width, height, components, bitsPerSample } = read.header;
  if (bitsPerSample !== supportedBitsPerSample) return refuse(`${bitsPerSample} bits a sample`);
  if (width === 0 || height === 0) return refuse(`${width}x${height} pixels`);
  if (width * height > limits.maxPixels) return refuse(`${width}x${height} exceeds ${limits.maxPixels} pixels`);
  if (components !== 1 && components !== 3) return refuse(`${components} color components`);
  return { ok: true, width, height };
}
