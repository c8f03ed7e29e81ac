/** Fuzz targets for JPEG validation and decoding, with their valid outcomes. */
import { FrameError } from '../../src/errors.ts';
import { type FrameCheck, type FrameLimits, validateJpeg } from '../../src/session/frame-validator.ts';
import { type DecodedFrame, JpegDecoder } from '../../src/tools/jpeg-decoder.ts';
import { makeJpeg, readBases } from './jpeg-cases.ts';
import type { Case, CreateTarget } from './target.ts';

/** The gateway's defaults. */
export const frameLimits: FrameLimits = { maxFrameBytes: 5_242_880, maxFrameLabel: '5MB', maxPixels: 16_777_216 };

/** The detail of `invalid_frame` must be one short line of ASCII text, since it is sent to the peer. */
const validDetail = /^Not a valid JPEG image: [ -~]{1,200}$/;

/** Maximum cases to generate until one passes validation. */
const maxTries = 200;
/** jpeg-js is 20 times slower, so it only decodes one in this many files, and no large ones. */
const portableEvery = 10;
const maxPortablePixels = 65_536;

function outcomeOfCheck(check: FrameCheck): string {
  if (check.ok) {
    const pixels = check.width * check.height;
    if (!(pixels >= 1 && pixels <= frameLimits.maxPixels))
      throw new Error(`accepted with ${check.width}x${check.height}`);
    return 'accepted';
  }
  if (check.code === 'frame_too_large') throw new Error(`too large: ${check.detail}`);
  if (!validDetail.test(check.detail)) throw new Error(`rejected with ${JSON.stringify(check.detail)}`);
  return 'rejected';
}

/** Runs `validateJpeg` on any file. */
export const createValidation: CreateTarget = (corpus) => {
  const bases = readBases(corpus);
  return {
    make: (random) => makeJpeg(random, bases),
    run: ({ bytes }) => outcomeOfCheck(validateJpeg(bytes, frameLimits)),
  };
};

/** Runs the worker's decoder on files that pass validation, in shared memory as in a worker. */
export const createDecoding: CreateTarget = async (corpus) => {
  const bases = readBases(corpus);
  const memory = new Uint8Array(new SharedArrayBuffer(frameLimits.maxFrameBytes));
  const [decoder, portable] = [await JpegDecoder.create(), JpegDecoder.portable()];
  return {
    make(random) {
      for (let tries = 0; tries < maxTries; tries++) {
        const made = makeJpeg(random, bases);
        if (validateJpeg(made.bytes, frameLimits).ok) return made;
      }
      throw new Error(`none of ${maxTries} files passed validation`);
    },
    async run({ bytes }: Case) {
      const check = validateJpeg(bytes, frameLimits);
      if (!check.ok) throw new Error(`rejected by validation: ${check.detail}`);
      const frame = memory.subarray(0, bytes.length);
      frame.set(bytes);
      const outcome = await outcomeOfDecoding(decoder, frame, check);
      const isSmall = check.width * check.height <= maxPortablePixels;
      if (bytes.length % portableEvery === 0 && isSmall) await outcomeOfDecoding(portable, frame, check);
      if (!frame.every((byte, at) => byte === bytes[at])) throw new Error('the decoder modified the frame');
      return outcome;
    },
  };
};

type Size = Pick<DecodedFrame['image'], 'width' | 'height'>;

async function outcomeOfDecoding(decoder: JpegDecoder, bytes: Uint8Array, { width, height }: Size): Promise<string> {
  let decoded: DecodedFrame;
  try {
    decoded = await decoder.decode(bytes);
  } catch (error) {
    if (!(error instanceof FrameError) || error.code !== 'invalid_frame') throw error;
    if (!validDetail.test(error.detail))
      throw new Error(`${decoder.engine} failed with ${JSON.stringify(error.detail)}`);
    return 'rejected by the decoder';
  }
  const { image, warnings } = decoded;
  const isComplete = image.channels === 3 && image.data.length >= width * height * image.channels;
  if (image.width !== width || image.height !== height || !isComplete) {
    const given = `${image.width}x${image.height}, ${image.data.length} bytes`;
    throw new Error(`${decoder.engine} returned ${given}; expected ${width}x${height}`);
  }
  return warnings.length === 0 ? 'decoded' : 'decoded with warnings';
}
