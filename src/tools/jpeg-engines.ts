/** The JPEG decoding libraries: one for speed, one for damaged files, one without native code. Worker threads. */
import jpegJs from 'jpeg-js';
import { inNativeCodeSync } from '../observe/native-calls.ts';

/** Bytes per decoded pixel: RGB. */
export const rgbChannels = 3;
const bytesPerMegabyte = 1_048_576;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Decodes synchronously into `out`. @throws Error without a reason, for damaged and for unsupported files. */
export type DecodeInto = (bytes: Uint8Array, size: Size, out: Uint8Array) => void;

/** Decoded pixels, and the decoder's warning if the file is damaged. */
export interface DecodedPixels extends Size {
  readonly data: Uint8Array;
  readonly warning?: string;
}

/** @throws Error with the decoder's message when the file cannot be decoded at all. */
export type DecodeTolerantly = (bytes: Uint8Array, size: Size) => DecodedPixels | Promise<DecodedPixels>;

/**
 * jpeg-turbo: the fastest, and sufficient for typical camera files. It also throws on warnings and on rare chroma subsampling, and
 * without a reason (its binding requests the message after that is gone).
 * @returns `undefined` on a platform without a prebuilt binary.
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
 * libjpeg through sharp: decodes damaged files and any chroma subsampling to the same image as browsers and OpenCV, and reports the
 * problem. Loaded when the first file needs it.
 * @returns `undefined` on a platform without a prebuilt binary.
 */
export async function loadSharp(): Promise<DecodeTolerantly | undefined> {
  const sharp = await import('sharp').then(
    (loaded) => loaded.default,
    () => undefined,
  );
  if (sharp === undefined) return undefined;
  sharp.cache(false);
  sharp.concurrency(1);
  const decode = async (bytes: Buffer, size: Size, failOn: 'warning' | 'error'): Promise<DecodedPixels> => {
    // `unlimited` allows any number of warnings; pixels and scans are already limited.
    const options = { failOn, unlimited: true, ignoreIcc: true, limitInputPixels: size.width * size.height };
    const raw = sharp(bytes, options).removeAlpha().toColorspace('srgb').raw();
    const { data, info } = await raw.toBuffer({ resolveWithObject: true });
    requireSize(size, info);
    return { ...size, data };
  };
  return async (bytes, size) => {
    // Not every version of sharp accepts shared memory.
    const copy = Buffer.from(bytes);
    try {
      return await decode(copy, size, 'warning');
    } catch (error) {
      const warning = libjpegMessage(error);
      const tolerated = await decode(copy, size, 'error').catch((fatal: unknown) => {
        throw new Error(libjpegMessage(fatal));
      });
      return { ...tolerated, warning };
    }
  };
}

/** The last of lines like `VipsJpeg: Corrupt JPEG data: bad Huffman code`: the error, after the warnings. */
function libjpegMessage(error: unknown): string {
  const last = (error as Error).message.trim().split('\n').at(-1) ?? '';
  return `libjpeg: ${last.replace(/^.*VipsJpeg: /, '')}`;
}

/** jpeg-js uses about this many bytes per pixel while decoding: coefficients, samples and the result. */
const portableBytesPerPixel = 40;
const portableBaseMegabytes = 64;

/** jpeg-js: no native code. Twenty times slower, and rejects damaged files. */
export function decodePortably(bytes: Uint8Array, size: Size): DecodedPixels {
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

/** Checks that the decoder found the size that our header parser found; otherwise the buffer's layout would be wrong. */
function requireSize(expected: Size, decoded: Size): void {
  if (decoded.width !== expected.width || decoded.height !== expected.height) {
    throw new Error(
      `decoded ${decoded.width}x${decoded.height}, but the header has ${expected.width}x${expected.height}`,
    );
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}
