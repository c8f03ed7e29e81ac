/** Decodes JPEG files with Pillow, OpenCV and the gateway. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { validateJpeg } from '../../src/session/frame-validator.ts';
import { JpegDecoder } from '../../src/tools/jpeg-decoder.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { type Mutation, mutate } from './mutate.ts';

const script = fileURLToPath(new URL('../peers/decoders/decode.py', import.meta.url));
/** `decode.py` writes this if OpenCV returns no image. */
const noImage = 255;
const limits = { maxFrameBytes: 5_242_880, maxFrameLabel: '5MB', maxPixels: 16_777_216 };

/** Outcome of one file. */
export interface Judged extends Mutation {
  readonly pillow: boolean;
  readonly opencv: boolean;
  /** Decoded percentage of OpenCV's image. */
  readonly presentPercent: number;
  /** Why the gateway rejects it; undefined if it decodes it. */
  readonly refusal: string | undefined;
}

/** @returns why Pillow or OpenCV cannot be used; undefined if they can. */
export function missingJudges(python: string): string | undefined {
  try {
    execFileSync(python, ['-c', 'import cv2, numpy, PIL'], { stdio: ['ignore', 'ignore', 'pipe'] });
    return undefined;
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    return stderr?.toString().trim().split('\n').at(-1) || `${python} does not exist`;
  }
}

/** Mutates files written by Pillow and decodes each mutation with all three. The same seed produces the same files. */
export async function judgeMutations(python: string, count: number, seed: number): Promise<Judged[]> {
  const bases = writeBases(python);
  const random = seededRandom(seed);
  const mutations = Array.from({ length: count }, () => mutate(random, bases));
  const verdicts = await runJudges(python, mutations);
  const decoder = await JpegDecoder.create();
  const judged: Judged[] = [];
  for (const [index, mutation] of mutations.entries()) {
    const refusal = await refusalOf(decoder, mutation.bytes);
    const [pillow, percent = noImage] = verdicts.subarray(2 * index);
    const opencv = percent !== noImage;
    judged.push({ ...mutation, pillow: pillow === 1, opencv, presentPercent: opencv ? percent : 0, refusal });
  }
  return judged;
}

async function refusalOf(decoder: JpegDecoder, bytes: Uint8Array): Promise<string | undefined> {
  const check = validateJpeg(bytes, limits);
  if (!check.ok) return check.detail;
  return decoder.decode(bytes).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

function writeBases(python: string): Uint8Array[] {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-jpeg-'));
  try {
    execFileSync(python, [script, 'bases', folder]);
    return readdirSync(folder)
      .sort()
      .map((name) => new Uint8Array(readFileSync(join(folder, name))));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns two bytes per file. */
async function runJudges(python: string, mutations: readonly Mutation[]): Promise<Buffer> {
  const child = spawn(python, [script, 'judge'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const files = mutations.flatMap(({ bytes }) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  child.stdin.end(Buffer.concat(files));
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
  const verdicts = Buffer.concat(chunks);
  if (verdicts.length !== 2 * mutations.length) throw new Error(`decode.py returned ${verdicts.length} bytes`);
  return verdicts;
}
