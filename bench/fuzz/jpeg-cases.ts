/** JPEG fuzz cases: files of real encoders with modified segments, wrong frame headers, or corrupted bytes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from '../../test/support/seeded-random.ts';
import { mutate } from '../jpeg/mutate.ts';
import { joinParts, type Part, splitParts } from '../jpeg/parts.ts';
import { damage } from './damage.ts';
import { below, type Case, pick, type Random } from './target.ts';

const sof0 = 0xc0;
const sof15 = 0xcf;
/** Codes in the SOF range that are not frame headers: DHT, JPG, DAC. */
const otherCodes = [0xc4, 0xc8, 0xcc];
const sos = 0xda;

/** Field offsets in a frame header's payload (T.81, B.2.2). */
const bitsAt = 0;
const heightAt = 1;
const widthAt = 3;
const countAt = 5;

/** Widths and heights for headers: minimum values, block boundaries, the field's limits, and others. */
const sides = [0, 1, 7, 8, 9, 96, 255, 256, 257, 4096, 65_535];
const maxAnySide = 600;
/** A progressive file may have hundreds of scans. */
const maxRepeatedScans = 80;
const maxRandomBytes = 2000;

function isFrame(part: Part): boolean {
  return part.type === 'segment' && part.code >= sof0 && part.code <= sof15 && !otherCodes.includes(part.code);
}

function withSide(random: Random, payload: Uint8Array, at: number): Uint8Array {
  const side = random() < 0.5 ? pick(random, sides) : below(random, maxAnySide);
  const changed = payload.slice();
  changed.set([side >> 8, side & 255], at);
  return changed;
}

type HeaderChange = (random: Random, part: Part & { type: 'segment' }) => Part;

const headerChanges: Readonly<Record<string, HeaderChange>> = {
  'wrong width': (random, part) => ({ ...part, payload: withSide(random, part.payload, widthAt) }),
  'wrong height': (random, part) => ({ ...part, payload: withSide(random, part.payload, heightAt) }),
  'wrong size': (random, part) => {
    const payload = withSide(random, part.payload, widthAt);
    return { ...part, payload: withSide(random, payload, heightAt) };
  },
  'wrong coding': (random, part) => ({ ...part, code: sof0 + below(random, 16) }),
  'wrong sample precision': (random, part) => {
    const payload = part.payload.slice();
    payload[bitsAt] = pick(random, [0, 1, 8, 12, 16, 255]);
    return { ...part, payload };
  },
  'wrong components': (random, part) => {
    const count = below(random, 6);
    const rows = Array.from({ length: count }, (_, index) => [index + 1, 0x11 + below(random, 0x22), 0]).flat();
    return { ...part, payload: Uint8Array.from([...part.payload.subarray(0, countAt), count, ...rows]) };
  },
};

function corruptHeader(random: Random, bases: readonly Uint8Array[]): Case {
  const parts = splitParts(pick(random, bases));
  const at = parts.findIndex(isFrame);
  const name = pick(random, Object.keys(headerChanges));
  const frame = parts[at];
  if (frame?.type === 'segment') parts[at] = headerChanges[name]?.(random, frame) as Part;
  return { bytes: joinParts(parts), what: name };
}

function repeatScans(random: Random, bases: readonly Uint8Array[]): Case {
  const parts = splitParts(pick(random, bases));
  const scans = parts.filter((part) => part.type === 'segment' && part.code === sos);
  const more = Array.from({ length: below(random, maxRepeatedScans) }, () => pick(random, scans));
  return { bytes: joinParts([...parts, ...more]), what: `${more.length} scans repeated` };
}

/** Joins the start of one file and the end of another. */
function splice(random: Random, bases: readonly Uint8Array[]): Case {
  const [head, tail] = [pick(random, bases), pick(random, bases)];
  const start = head.subarray(0, below(random, head.length));
  const end = tail.subarray(below(random, tail.length));
  return { bytes: Buffer.concat([start, end]), what: 'two files spliced' };
}

function randomCase(random: Random): Case {
  const bytes = randomBytes(random, below(random, maxRandomBytes));
  if (random() < 0.5) bytes.set([0xff, 0xd8, 0xff].slice(0, bytes.length));
  return { bytes, what: 'random bytes' };
}

function mutateAndDamage(random: Random, bases: readonly Uint8Array[]): Case {
  const mutated = mutate(random, bases);
  const damaged = damage(random, mutated.bytes);
  return { bytes: damaged.bytes, what: `${mutated.what}; ${damaged.what}` };
}

/** Generators with their shares in percent. */
const generators: readonly [share: number, make: (random: Random, bases: readonly Uint8Array[]) => Case][] = [
  [50, mutate],
  [20, mutateAndDamage],
  [10, (random, bases) => damage(random, pick(random, bases))],
  [10, corruptHeader],
  [5, splice],
  [3, repeatScans],
  [2, randomCase],
];
const totalShare = 100;

export function makeJpeg(random: Random, bases: readonly Uint8Array[]): Case {
  let at = below(random, totalShare);
  for (const [share, make] of generators) {
    if (at < share) return make(random, bases);
    at -= share;
  }
  throw new Error('the shares do not add up to 100');
}

export function readBases(corpus: string): Uint8Array[] {
  return readdirSync(corpus)
    .sort()
    .map((name) => new Uint8Array(readFileSync(join(corpus, name))));
}
