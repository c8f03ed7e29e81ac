/** Decodes JPEG frames to RGB: intact files fast, damaged files as far as possible. Worker threads. */
import { FrameError, streamErrors } from '../errors.ts';
import { readJpegHeader } from '../jpeg/header.ts';
import { walkScans } from '../jpeg/scans.ts';
import type { Image } from '../models/image.ts';
import {
  type DecodedPixels,
  type DecodeInto,
  type DecodeTolerantly,
  decodePortably,
  loadSharp,
  loadTurbo,
  rgbChannels,
  type Size,
} from './jpeg-engines.ts';

/** A decoded frame and its decoder's warnings. */
export interface DecodedFrame {
  readonly image: Image;
  /** Human-readable; empty for an intact file. */
  readonly warnings: readonly string[];
}

/** Every scan, even an empty one, can cover the whole image. Cameras use one to ten scans, an attack thousands. */
const maxScans = 64;
/** Large images may have fewer scans, or a worker would be busy for seconds, but always as many as a regular progressive file has. */
const maxScannedPixels = 200_000_000;
const minScans = 12;
/** A damaged file with a smaller fraction of its image is rejected. */
const minDecodedFraction = 0.01;
/** libjpeg fills missing areas with mid-gray. */
const missingSample = 128;

/** Decodes a JPEG into an {@link Image} whose buffer the next frame reuses. */
export class JpegDecoder {
  /** `jpeg-turbo`, or `jpeg-js` if the native binary does not load. */
  readonly engine: string;
  readonly #fast: DecodeInto | undefined;
  readonly #loadTolerant: () => Promise<DecodeTolerantly | undefined>;
  #tolerant: Promise<DecodeTolerantly> | undefined;
  #pixels: Uint8Array = new Uint8Array(0);

  private constructor(fast: DecodeInto | undefined, loadTolerant: () => Promise<DecodeTolerantly | undefined>) {
    this.#fast = fast;
    this.#loadTolerant = loadTolerant;
    this.engine = fast === undefined ? 'jpeg-js' : 'jpeg-turbo';
  }

  static async create(): Promise<JpegDecoder> {
    return new JpegDecoder(await loadTurbo(), loadSharp);
  }

  /** A decoder without native libraries. */
  static portable(): JpegDecoder {
    return new JpegDecoder(undefined, async () => undefined);
  }

  /**
   * Decodes one frame. An EXIF orientation is not applied.
   * @returns RGB pixels, valid until the next call.
   * @throws FrameError `invalid_frame` with the reason when the file has no decodable image.
   */
  async decode(bytes: Uint8Array): Promise<DecodedFrame> {
    const read = readJpegHeader(bytes);
    if (!read.ok) throw invalid(read.reason);
    const { width, height, scanAt } = read.header;
    if (width === 0 || height === 0) throw invalid(`${width}x${height} pixels`);
    const limit = Math.max(minScans, Math.min(maxScans, Math.floor(maxScannedPixels / (width * height))));
    if (walkScans(bytes, scanAt, limit + 1).count > limit) throw invalid(`more than ${limit} scans`);
    if (this.#decodeFast(bytes, read.header)) {
      return { image: { width, height, channels: rgbChannels, data: this.#pixels }, warnings: [] };
    }
    return await this.#decodeTolerantly(bytes, { width, height });
  }

  /** @returns whether the image was decoded into the buffer. */
  #decodeFast(bytes: Uint8Array, size: Size): boolean {
    if (this.#fast === undefined) return false;
    const length = size.width * size.height * rgbChannels;
    if (this.#pixels.length < length) this.#pixels = new Uint8Array(length);
    try {
      this.#fast(bytes, size, this.#pixels);
      return true;
    } catch {
      return false;
    }
  }

  async #decodeTolerantly(bytes: Uint8Array, size: Size): Promise<DecodedFrame> {
    this.#tolerant ??= this.#loadTolerant().then((loaded) => loaded ?? decodePortably);
    const decode = await this.#tolerant;
    let decoded: DecodedPixels;
    try {
      decoded = await decode(bytes, size);
    } catch (cause) {
      throw invalid((cause as Error).message, cause);
    }
    const { data, warning } = decoded;
    const image: Image = { ...size, channels: rgbChannels, data };
    if (warning === undefined) return { image, warnings: [] };
    const missing = missingFractionOf(image);
    if (1 - missing < minDecodedFraction) throw invalid(`almost all of the image is missing: ${warning}`);
    const missingPercent = Math.round(100 * missing);
    return {
      image,
      warnings: missingPercent === 0 ? [warning] : [warning, `${missingPercent}% of the image is missing`],
    };
  }
}

function invalid(reason: string, cause?: unknown): FrameError {
  return new FrameError('invalid_frame', `${streamErrors.invalid_frame.detail}: ${reason}`, { cause });
}

/** Fraction of a damaged image that is missing. Gray areas of the scene count as missing too; only called after a decoder warning. */
function missingFractionOf({ data, width, height }: Image): number {
  const length = width * height * rgbChannels;
  let missing = 0;
  for (let at = 0; at < length; at += rgbChannels) {
    if (data[at] === missingSample && data[at + 1] === missingSample && data[at + 2] === missingSample) missing += 1;
  }
  return missing / (width * height);
}
