/** Splits ffmpeg's output into frames: a short header declares how many bytes follow. Pure; chunk boundaries do not matter. */

import { maxRawFrameBytes } from './frame-limits.ts';

/** One frame's parsed header. */
export interface FrameHeader {
  /** Length of the header itself. */
  readonly headerBytes: number;
  readonly bodyBytes: number;
  /** Raw frames only. */
  readonly size?: { readonly width: number; readonly height: number };
}

/** @returns undefined while the header is incomplete. @throws SplitError if the bytes cannot be a header. */
export type ReadHeader = (bytes: Buffer) => FrameHeader | undefined;

/** The output does not have the requested format. */
export class SplitError extends Error {
  override readonly name = 'SplitError';
}

/** ffmpeg's headers have about 80 bytes. */
const maxHeaderBytes = 512;
/** More than six times the default frame limit. No camera sends larger JPEGs, and a few of this size fit in memory. */
export const maxJpegBytes = 33_554_432;

export class FrameSplitter {
  readonly #readHeader: ReadHeader;
  readonly #allocate: (bytes: number) => Buffer;
  readonly #frame: (header: FrameHeader, body: Buffer) => void;
  readonly #headerBuffer = Buffer.alloc(maxHeaderBytes);
  #headerFilled = 0;
  #current: { readonly header: FrameHeader; readonly body: Buffer; filled: number } | undefined;

  /** `frame` is called with each complete frame, in a buffer from `allocate` that the receiver then owns. */
  constructor(
    readHeader: ReadHeader,
    frame: (header: FrameHeader, body: Buffer) => void,
    allocate: (bytes: number) => Buffer = (bytes) => Buffer.allocUnsafe(bytes),
  ) {
    this.#readHeader = readHeader;
    this.#allocate = allocate;
    this.#frame = frame;
  }

  /** @throws SplitError if the stream is malformed; nothing more can be read from it. */
  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.#current === undefined ? this.#takeHeader(rest) : this.#takeBody(rest);
  }

  /** @returns the rest of the chunk after the header. */
  #takeHeader(chunk: Buffer): Buffer {
    const before = this.#headerFilled;
    this.#headerFilled += chunk.copy(this.#headerBuffer, before);
    const header = this.#readHeader(this.#headerBuffer.subarray(0, this.#headerFilled));
    if (header === undefined) {
      if (this.#headerFilled === maxHeaderBytes) throw new SplitError('invalid ffmpeg output: expected a frame header');
      return chunk.subarray(this.#headerFilled - before);
    }
    if (header.bodyBytes > maxRawFrameBytes) throw new SplitError(`frame is too large: ${header.bodyBytes} bytes`);
    this.#headerFilled = 0;
    const rest = chunk.subarray(header.headerBytes - before);
    if (header.bodyBytes > 0) this.#current = { header, body: this.#allocate(header.bodyBytes), filled: 0 };
    return rest;
  }

  #takeBody(chunk: Buffer): Buffer {
    const current = this.#current;
    if (current === undefined) return chunk;
    const taken = chunk.copy(current.body, current.filled);
    current.filled += taken;
    if (current.filled === current.body.length) {
      this.#current = undefined;
      this.#frame(current.header, current.body);
    }
    return chunk.subarray(taken);
  }
}

/** A part of ffmpeg's `mpjpeg` with the preceding boundary: header lines with a `Content-length`, up to an empty line. */
export const readPartHeader: ReadHeader = (bytes) => {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const length = /^content-length: *(\d+) *$/im.exec(bytes.toString('latin1', 0, end).replaceAll('\r', ''))?.[1];
  if (length === undefined) throw new SplitError('multipart part without Content-length');
  if (Number(length) > maxJpegBytes) throw new SplitError(`frame is too large: ${length} bytes`);
  return { headerBytes: end + 4, bodyBytes: Number(length) };
};

/** Formats a JPEG as such a part. */
export function writePart(jpeg: Buffer): Buffer {
  const header = `--framegate\r\nContent-type: image/jpeg\r\nContent-length: ${jpeg.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(header, 'latin1'), jpeg, Buffer.from('\r\n')]);
}

const ppmStart = 'P6\n';
const rgbChannels = 3;

/** A PPM image with 8 bits per channel as ffmpeg writes it: `P6\nWIDTH HEIGHT\n255\n`, then RGB. */
export const readPpmHeader: ReadHeader = (bytes) => {
  const text = bytes.toString('latin1', 0, Math.min(bytes.length, 40));
  const match = /^P6\n(\d{1,6}) (\d{1,6})\n255\n/.exec(text);
  if (match !== null) {
    const width = Number(match[1]);
    const height = Number(match[2]);
    return { headerBytes: match[0].length, bodyBytes: width * height * rgbChannels, size: { width, height } };
  }
  if (!ppmStart.startsWith(text.slice(0, ppmStart.length)))
    throw new SplitError('invalid ffmpeg output: expected a PPM image');
  return undefined;
};
