/** Checks from a message's bytes alone whether it is a valid JPEG frame. Pure; runs on the loop, before any copy. */
import { streamErrors } from '../errors.ts';
import { noEoi, readJpegHeader } from '../jpeg/header.ts';

/** Limits of one frame; the label shows `maxFrameBytes` to the peer. */
export interface FrameLimits {
  readonly maxFrameBytes: number;
  readonly maxFrameLabel: string;
  readonly maxPixels: number;
}

export type FrameCheck =
  | { readonly ok: true; readonly width: number; readonly height: number }
  | { readonly ok: false; readonly code: 'invalid_frame' | 'frame_too_large'; readonly detail: string };

/** The decoder supports 8 bits per sample, gray or color. */
const supportedBitsPerSample = 8;

function refuse(reason: string): FrameCheck {
  return { ok: false, code: 'invalid_frame', detail: `${streamErrors.invalid_frame.detail}: ${reason}` };
}

/** Some cameras omit EOI, but far more often the end of the file is missing. */
function cutOff({ length }: Uint8Array): string {
  return `${noEoi} in ${length} bytes; probably cut off`;
}

/**
 * Checks the size, SOI, EOI and frame header of a JPEG.
 * @param bytes one message as received; not modified.
 * @returns the image size in pixels, or the error to send.
 */
export function validateJpeg(bytes: Uint8Array, limits: FrameLimits): FrameCheck {
  if (bytes.length > limits.maxFrameBytes) {
    return { ok: false, code: 'frame_too_large', detail: `Frame exceeds ${limits.maxFrameLabel}` };
  }
  const read = readJpegHeader(bytes);
  if (!read.ok) return refuse(read.reason === noEoi ? cutOff(bytes) : read.reason);
  const { width, height, components, bitsPerSample } = read.header;
  if (bitsPerSample !== supportedBitsPerSample) return refuse(`${bitsPerSample} bits a sample`);
  if (width === 0 || height === 0) return refuse(`${width}x${height} pixels`);
  if (width * height > limits.maxPixels) return refuse(`${width}x${height} exceeds ${limits.maxPixels} pixels`);
  if (components !== 1 && components !== 3) return refuse(`${components} color components`);
  return { ok: true, width, height };
}
