/** The libraries that decode JPEG: one for speed, one that copes, one without anything native. Worker threads. */
import jpegJs from 'jpeg-js';
import { inNativeCodeSync } from '../observe/native-calls.ts';

/** Bytes of one decoded pixel: RGB. */
export const rgbChannels = 3;
const bytesPerMegabyte = 1_048_576;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Decodes into `out`, at once. @throws without a word of why: for a damaged file as for one that it cannot decode. */
export type DecodeInto = (bytes: Uint8Array, size: Size, out: Uint8Array) => void;

/** Pixels that a file gave, and what its decoder said about it, where it is damaged. */
export interface Tolerated extends Size {
  readonly data: Uint8Array;
  readonly warning?: string;
}

/** @throws Error with the decoder's own words for a file of which it makes no picture. */
export type DecodeTolerantly = (bytes: Uint8Array, size: Size) => Tolerated | Promise<Tolerated>;

/**
 * jpeg-turbo: the fastest, and every camera's usual file is enough for it. It throws for a mere warning too, for rare sampling, and
 * never says why (its binding asks for the message when that is gone).
 * @returns `undefined` on a platform for which it ships no binary.
 */
export async function loadTurbo(): Promise<DecodeInto | undefined> {
  try {
    const { default: turbo } = await import('@julusian/jpeg-turbo');
    const options = { format: turbo.FORMAT_RGB };
    const decode = (bytes: Uint8Array, out: Uint8Array) =>
      turbo.decompressSync(asBuffer(bytes), asBuffer(out), options);
    return (bytes, size, out) =>
      requireSize(
        size,
        inNativeCodeSync(() => decode(bytes, out)),
      );
  } catch {
    return undefined;
  }
}

/**
 * libjpeg by way of sharp: gives the picture that browsers and OpenCV give, also with damage and in any sampling, and says what is wrong.
 * Loaded when a first file needs it.
 * @returns `undefined` on a platform for which it ships no binary.
 */
export async function loadSharp(): Promise<DecodeTolerantly | undefined> {
  const sharp = await import('sharp').then(
    (loaded) => loaded.default,
    () => undefined,
  );
  if (sharp === undefined) return undefined;
  sharp.cache(false);
  sharp.concurrency(1);
  const decode = async (bytes: Buffer, size: Size, failOn: 'warning' | 'error'): Promise<Tolerated> => {
    // `unlimited` lets many warnings pass; pixels and scans have been limited before.
    const options = { failOn, unlimited: true, ignoreIcc: true, limitInputPixels: size.width * size.height };
    const picture = sharp(bytes, options).removeAlpha().toColorspace('srgb').raw();
    const { data, info } = await picture.toBuffer({ resolveWithObject: true });
    requireSize(size, info);
    return { ...size, data };
  };
  return async (bytes, size) => {
    // Not every version takes shared memory.
    const copy = Buffer.from(bytes);
    try {
      return await decode(copy, size, 'warning');
    } catch (error) {
      const warning = libjpegWords(error);
      const tolerated = await decode(copy, size, 'error').catch((fatal: unknown) => {
        throw new Error(libjpegWords(fatal));
      });
      return { ...tolerated, warning };
    }
  };
}

/** The last of lines like `VipsJpeg: Corrupt JPEG data: bad Huffman code`: what ended it, behind what it only warned of. */
function libjpegWords(error: unknown): string {
  const last = (error as Error).message.trim().split('\n').at(-1) ?? '';
  return `libjpeg: ${last.replace(/^.*VipsJpeg: /, '')}`;
}

/** jpeg-js keeps about this many bytes for a pixel while it decodes: coefficients, samples and the result. */
const portableBytesPerPixel = 40;
const portableBaseMegabytes = 64;

/** jpeg-js: nothing native. Twenty times slower, and takes no damaged file. */
export function decodePortably(bytes: Uint8Array, size: Size): Tolerated {
  const { width, height, data } = jpegJs.decode(bytes, {
    formatAsRGBA: false,
    useTArray: true,
    tolerantDecoding: false,
    maxResolutionInMP: Math.ceil((size.width * size.height) / 1e6),
    maxMemoryUsageInMB:
      portableBaseMegabytes + Math.ceil((size.width * size.height * portableBytesPerPixel) / bytesPerMegabyte),
  });
  requireSize(size, { width, height });
  return { width, height, data };
}

/** The decoder read the same header as we did; otherwise the pixels in the buffer are not what they seem. */
function requireSize(expected: Size, decoded: Size): void {
  if (decoded.width !== expected.width || decoded.height !== expected.height) {
    throw new Error(`decoded ${decoded.width}x${decoded.height}, header says ${expected.width}x${expected.height}`);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}
