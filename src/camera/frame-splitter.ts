/** Cuts ffmpeg's output into frames: a short header says how many bytes follow. Pure; any chunking gives the same frames. */

import { maxPictureBytes } from './picture-limits.ts';

/** What the header of one frame says. */
export interface FrameHead {
  /** Bytes of the header itself. */
  readonly headBytes: number;
  readonly bodyBytes: number;
  /** Raw pictures only. */
  readonly size?: { readonly width: number; readonly height: number };
}

/** @returns undefined while the header is not complete. @throws SplitError for what can never become one. */
export type ReadHead = (bytes: Buffer) => FrameHead | undefined;

/** What came is not what ffmpeg was asked for. */
export class SplitError extends Error {
  override readonly name = 'SplitError';
}

/** ffmpeg's headers have some 80 bytes. */
const maxHeadBytes = 512;
/** A JPEG of six times the usual frame limit: whoever sends it is no camera, and a few in memory are not noticed. */
export const maxJpegBytes = 33_554_432;

export class FrameSplitter {
  readonly #readHead: ReadHead;
  readonly #allocate: (bytes: number) => Buffer;
  readonly #frame: (head: FrameHead, body: Buffer) => void;
  readonly #headBuffer = Buffer.alloc(maxHeadBytes);
  #headFilled = 0;
  #current: { readonly head: FrameHead; readonly body: Buffer; filled: number } | undefined;

  /** `frame` is called with each whole frame, in a buffer from `allocate` that is then the receiver's. */
  constructor(
    readHead: ReadHead,
    frame: (head: FrameHead, body: Buffer) => void,
    allocate: (bytes: number) => Buffer = (bytes) => Buffer.allocUnsafe(bytes),
  ) {
    this.#readHead = readHead;
    this.#allocate = allocate;
    this.#frame = frame;
  }

  /** @throws SplitError when the stream is not as expected; nothing can be read from it any more. */
  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.#current === undefined ? this.#takeHead(rest) : this.#takeBody(rest);
  }

  /** @returns what is left of the chunk after the header. */
  #takeHead(chunk: Buffer): Buffer {
    const before = this.#headFilled;
    this.#headFilled += chunk.copy(this.#headBuffer, before);
    const head = this.#readHead(this.#headBuffer.subarray(0, this.#headFilled));
    if (head === undefined) {
      if (this.#headFilled === maxHeadBytes) throw new SplitError('no frame begins where one should');
      return chunk.subarray(this.#headFilled - before);
    }
    if (head.bodyBytes > maxPictureBytes) throw new SplitError(`a frame of ${head.bodyBytes} bytes`);
    this.#headFilled = 0;
    const rest = chunk.subarray(head.headBytes - before);
    if (head.bodyBytes > 0) this.#current = { head, body: this.#allocate(head.bodyBytes), filled: 0 };
    return rest;
  }

  #takeBody(chunk: Buffer): Buffer {
    const current = this.#current;
    if (current === undefined) return chunk;
    const taken = chunk.copy(current.body, current.filled);
    current.filled += taken;
    if (current.filled === current.body.length) {
      this.#current = undefined;
      this.#frame(current.head, current.body);
    }
    return chunk.subarray(taken);
  }
}

/** A part of ffmpeg's `mpjpeg`, with the boundary before it: header lines up to an empty one, and a `Content-length`. */
export const readPartHead: ReadHead = (bytes) => {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const length = /^content-length: *(\d+) *$/im.exec(bytes.toString('latin1', 0, end).replaceAll('\r', ''))?.[1];
  if (length === undefined) throw new SplitError('a part without Content-length');
  if (Number(length) > maxJpegBytes) throw new SplitError(`a frame of ${length} bytes`);
  return { headBytes: end + 4, bodyBytes: Number(length) };
};

/** Writes a JPEG as such a part. */
export function writePart(jpeg: Buffer): Buffer {
  const head = `--framegate\r\nContent-type: image/jpeg\r\nContent-length: ${jpeg.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), jpeg, Buffer.from('\r\n')]);
}

const ppmStart = 'P6\n';
const rgbChannels = 3;

/** A PPM picture of 8 bits a channel as ffmpeg writes it: `P6\nWIDTH HEIGHT\n255\n`, then RGB. */
export const readPpmHead: ReadHead = (bytes) => {
  const text = bytes.toString('latin1', 0, Math.min(bytes.length, 40));
  const match = /^P6\n(\d{1,6}) (\d{1,6})\n255\n/.exec(text);
  if (match !== null) {
    const width = Number(match[1]);
    const height = Number(match[2]);
    return { headBytes: match[0].length, bodyBytes: width * height * rgbChannels, size: { width, height } };
  }
  if (!ppmStart.startsWith(text.slice(0, ppmStart.length))) throw new SplitError('no PPM picture');
  return undefined;
};
