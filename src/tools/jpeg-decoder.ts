/** Decodes JPEG frames to RGB. Blocks its thread, a worker. */
import jpegJs from 'jpeg-js';
import { FrameError } from '../errors.ts';
import { countScans, type JpegHeader, readJpegHeader } from '../jpeg-header.ts';
import type { Image } from '../models/image.ts';

/** Bytes of one decoded pixel. */
const rgbChannels = 3;
/** Components of a CMYK picture, which only the portable decoder reads. */
const cmykComponents = 4;
/** Every scan may go over the whole picture, also an empty one; cameras use one to ten, an attack thousands. */
const maxScans = 64;
const bytesPerMegabyte = 1_048_576;

type DecodeInto = (bytes: Uint8Array, header: JpegHeader, out: Uint8Array) => void;

/** Turns a JPEG's bytes into an {@link Image} in a buffer that the next frame reuses. */
export class JpegDecoder {
  /** `jpeg-turbo`, or `jpeg-js` where its binary does not load. */
  readonly engine: string;
  readonly #fast: DecodeInto | undefined;
  #pixels: Uint8Array = new Uint8Array(0);

  private constructor(fast: DecodeInto | undefined) {
    this.#fast = fast;
    this.engine = fast === undefined ? 'jpeg-js' : 'jpeg-turbo';
  }

  static async create(): Promise<JpegDecoder> {
    return new JpegDecoder(await loadTurbo());
  }

  /** A decoder that uses nothing native. */
  static portable(): JpegDecoder {
    return new JpegDecoder(undefined);
  }

  /**
   * Decodes one frame as it is stored: an EXIF orientation is not applied.
   * @returns RGB pixels, valid until the next call.
   * @throws FrameError `invalid_frame` when the bytes cannot be decoded.
   */
  decode(bytes: Uint8Array): Image {
    const header = readJpegHeader(bytes);
    if (header === undefined || header.width === 0 || header.height === 0) throw new FrameError('invalid_frame');
    if (countScans(bytes, maxScans + 1) > maxScans) throw new FrameError('invalid_frame');
    const { width, height } = header;
    const size = width * height * rgbChannels;
    if (this.#pixels.length < size) this.#pixels = new Uint8Array(size);
    const decodeInto = header.components === cmykComponents ? decodePortably : (this.#fast ?? decodePortably);
    try {
      decodeInto(bytes, header, this.#pixels);
    } catch (cause) {
      throw new FrameError('invalid_frame', undefined, { cause });
    }
    return { width, height, channels: rgbChannels, data: this.#pixels };
  }
}

/** @returns `undefined` on a platform for which jpeg-turbo ships no binary. */
async function loadTurbo(): Promise<DecodeInto | undefined> {
  try {
    const { default: turbo } = await import('@julusian/jpeg-turbo');
    const options = { format: turbo.FORMAT_RGB };
    return (bytes, header, out) => {
      const decoded = turbo.decompressSync(asBuffer(bytes), asBuffer(out), options);
      requireSize(header, decoded);
    };
  } catch {
    return undefined;
  }
}

const decodePortably: DecodeInto = (bytes, header, out) => {
  const decoded = jpegJs.decode(bytes, {
    formatAsRGBA: false,
    useTArray: true,
    tolerantDecoding: false,
    maxResolutionInMP: Math.ceil((header.width * header.height) / 1e6),
    maxMemoryUsageInMB: portableMemoryMegabytes(header),
  });
  requireSize(header, decoded);
  out.set(decoded.data);
};

/** jpeg-js keeps about this many bytes for a pixel while it decodes: coefficients, samples and the result. */
const portableBytesPerPixel = 40;
const portableBaseMegabytes = 64;

function portableMemoryMegabytes(header: JpegHeader): number {
  return portableBaseMegabytes + Math.ceil((header.width * header.height * portableBytesPerPixel) / bytesPerMegabyte);
}

/** The decoder read the same header as we did; otherwise the pixels in the buffer are not what they seem. */
function requireSize(header: JpegHeader, decoded: { width: number; height: number }): void {
  if (decoded.width !== header.width || decoded.height !== header.height) {
    throw new Error(`decoded ${decoded.width}x${decoded.height}, header says ${header.width}x${header.height}`);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}
