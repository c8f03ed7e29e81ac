/** Writes seed files with every available JPEG encoder: several qualities, subsamplings and codings, with and without restart markers. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import jpegJs from 'jpeg-js';
import { encodeMosaic, type Sampling } from '../../test/support/mosaic-jpeg.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';

const width = 96;
const height = 64;
const colors = 3;

/** An RGB image of gradients and noise, so that every coefficient is used. */
function drawImage(): Buffer {
  const random = seededRandom(1);
  const data = Buffer.alloc(width * height * colors);
  for (let at = 0; at < data.length; at += colors) {
    const [x, y] = [(at / colors) % width, Math.floor(at / colors / width)];
    data.set([2 * x + 40 * random(), 3 * y + 60 * random(), x + y + 50 * random()], at);
  }
  return data;
}

type Files = Record<string, Uint8Array>;

const image = drawImage();

/** A valid frame. */
export function makeFrame(): Uint8Array {
  return jpegJs.encode({ width, height, data: asRgba() }, 80).data;
}

function asRgba(): Buffer {
  const rgba = Buffer.alloc(width * height * 4, 255);
  for (let at = 0; at < width * height; at++) rgba.set(image.subarray(at * colors, at * colors + colors), at * 4);
  return rgba;
}

function withJpegJs(): Files {
  const encode = (quality: number) => jpegJs.encode({ width, height, data: asRgba() }, quality).data;
  return { 'jpeg-js-50': encode(50), 'jpeg-js-95': encode(95) };
}

async function withTurbo(): Promise<Files> {
  const { default: turbo } = await import('@julusian/jpeg-turbo');
  const options = { format: turbo.FORMAT_RGB, width, height };
  const samplings = { 444: turbo.SAMP_444, 422: turbo.SAMP_422, 420: turbo.SAMP_420, 440: turbo.SAMP_440 };
  const files = Object.entries(samplings).map(([name, subsampling]): [string, Buffer] => [
    `turbo-${name}`,
    turbo.compressSync(image, { ...options, subsampling, quality: 80 }),
  ]);
  const gray = turbo.compressSync(image, { ...options, subsampling: turbo.SAMP_GRAY, quality: 60 });
  return { ...Object.fromEntries(files), 'turbo-gray': gray };
}

async function withSharp(): Promise<Files> {
  const { default: sharp } = await import('sharp');
  const source = () => sharp(image, { raw: { width, height, channels: colors } });
  const encode = (options: object) => source().jpeg(options).toBuffer();
  return {
    'sharp-progressive': await encode({ progressive: true, quality: 75 }),
    'sharp-progressive-444': await encode({ progressive: true, quality: 95, chromaSubsampling: '4:4:4' }),
    'sharp-mozjpeg': await encode({ mozjpeg: true, quality: 60 }),
    'sharp-optimized': await encode({ optimizeCoding: true, quality: 20 }),
    'sharp-exif': await source().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    'sharp-gray-progressive': await source().grayscale().jpeg({ progressive: true }).toBuffer(),
  };
}

function withMosaic(): Files {
  const sample = (component: number, column: number, row: number) => 60 + 30 * component + ((column * 7 + row) % 60);
  const one: Sampling = [1, 1];
  const encode = (sampling: readonly Sampling[], restartInterval?: number) =>
    encodeMosaic({ width, height, sampling, sample, ...(restartInterval ? { restartInterval } : {}) });
  return {
    'mosaic-gray-restart': encode([one], 5),
    'mosaic-410': encode([[4, 2], one, one]),
    'mosaic-restart-420': encode([[2, 2], one, one], 3),
    'mosaic-odd': encode([one, [2, 1], [2, 1]]),
  };
}

/** ffmpeg's encoder, which many camera bridges use: motion JPEG at two qualities, without Huffman tables. */
function withFfmpeg(): Files {
  const input = ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${width}x${height}`, '-frames:v', '1'];
  const encode = (quality: number, format: string) => {
    const output = ['-q:v', String(quality), '-pix_fmt', format, '-f', 'mjpeg', '-c:v', 'mjpeg', '-'];
    return execFileSync('ffmpeg', [...input, ...output], { stdio: ['ignore', 'pipe', 'ignore'] });
  };
  return { 'ffmpeg-2': encode(2, 'yuvj420p'), 'ffmpeg-15': encode(15, 'yuvj422p') };
}

const python = fileURLToPath(new URL('../../test/.venv/bin/python', import.meta.url));
const script = fileURLToPath(new URL('../peers/decoders/decode.py', import.meta.url));

function withPillow(folder: string): void {
  execFileSync(python, [script, 'bases', folder], { stdio: 'ignore' });
}

function withOpenCv(folder: string): void {
  execFileSync(python, [script, 'opencv', folder], { stdio: 'ignore' });
}

const modelFolders = ['../../test/fixtures/yolo', '../../test/fixtures/onnx'];
const shippedModels = ['../../native-models/plate-yolo', '../../native-models/plate-reader'];

/** Copies the test models and the included models. */
export function writeModels(folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  for (const path of [...modelFolders, ...shippedModels]) {
    const from = fileURLToPath(new URL(path, import.meta.url));
    for (const name of readdirSync(from).filter((each) => each.endsWith('.onnx')))
      copyFileSync(join(from, name), join(folder, `${basename(from)}-${name}`));
  }
  return ['the tests', 'native-models'];
}

/**
 * @param folder is created.
 * @returns names of the available encoders; a seed gives the same cases only with the same encoders.
 */
export async function writeJpegs(folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const encoders: Record<string, () => Files | Promise<Files> | undefined> = {
    ...{ 'jpeg-js': withJpegJs, 'jpeg-turbo': withTurbo, sharp: withSharp, mosaic: withMosaic, ffmpeg: withFfmpeg },
    Pillow: () => void withPillow(folder),
    OpenCV: () => void withOpenCv(folder),
  };
  const present: string[] = [];
  for (const [name, encode] of Object.entries(encoders)) {
    try {
      const files = await encode();
      for (const [file, bytes] of Object.entries(files ?? {})) writeFileSync(join(folder, `${file}.jpg`), bytes);
      present.push(name);
    } catch {
      // Not installed.
    }
  }
  return present;
}
