/** Decodes JPEG frames to RGB, whole ones fast, damaged ones as far as they go. Worker threads. */
import { FrameError, streamErrors } from '../errors.ts';
import { readJpegHeader } from '../jpeg/header.ts';
import { walkScans } from '../jpeg/scans.ts';
import type { Image } from '../models/image.ts';
import {
  type DecodeInto,
  type DecodeTolerantly,
  decodePortably,
  loadSharp,
  loadTurbo,
  rgbChannels,
  type Size,
  type Tolerated,
} from './jpeg-engines.ts';

/** A picture, and what its decoder found wrong with the file. */
export interface DecodedFrame {
  readonly image: Image;
  /** For people; empty for a whole file. */
  readonly warnings: readonly string[];
}

/** Every scan may go over the whole picture, also an empty one; cameras use one to ten, an attack thousands. */
const maxScans = 64;
/** Large pictures may have fewer, or a worker would be busy for seconds, but never fewer than an honest progressive file has. */
const maxScannedPixels = 200_000_000;
const minScans = 12;
/** A damaged file of which less of the picture is there is refused: it shows nothing. */
const minPresentShare = 0.01;
/** Where nothing is there, libjpeg gives mid-gray. */
const absentSample = 128;

/** Turns a JPEG's bytes into an {@link Image} in a buffer that the next frame reuses. */
export class JpegDecoder {
  /** `jpeg-turbo`, or `jpeg-js` where its binary does not load. */
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

  /** A decoder that uses nothing native. */
  static portable(): JpegDecoder {
    return new JpegDecoder(undefined, async () => undefined);
  }

  /**
   * Decodes one frame as it is stored: an EXIF orientation is not applied.
   * @returns RGB pixels, valid until the next call.
   * @throws FrameError `invalid_frame` with the reason when there is no picture in it.
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

  /** @returns whether the picture is in the buffer. */
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
    let picture: Tolerated;
    try {
      picture = await decode(bytes, size);
    } catch (cause) {
      throw invalid((cause as Error).message, cause);
    }
    const { data, warning } = picture;
    const image: Image = { ...size, channels: rgbChannels, data };
    if (warning === undefined) return { image, warnings: [] };
    const absentShare = absentShareOf(image);
    if (1 - absentShare < minPresentShare) throw invalid(`next to nothing of the picture is there: ${warning}`);
    const absentPercent = Math.round(100 * absentShare);
    return {
      image,
      warnings: absentPercent === 0 ? [warning] : [warning, `${absentPercent} % of the picture is missing`],
    };
  }
}

function invalid(reason: string, cause?: unknown): FrameError {
  return new FrameError('invalid_frame', `${streamErrors.invalid_frame.detail}: ${reason}`, { cause });
}

/** How much of a damaged picture is missing. A gray wall counts as missing, but only where the decoder has warned. */
function absentShareOf({ data, width, height }: Image): number {
  const length = width * height * rgbChannels;
  let absent = 0;
  for (let at = 0; at < length; at += rgbChannels) {
    if (data[at] === absentSample && data[at + 1] === absentSample && data[at + 2] === absentSample) absent += 1;
  }
  return absent / (width * height);
}
