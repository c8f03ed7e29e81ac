/** Corrupts bytes of any file, regardless of its format: truncates, flips, duplicates, overwrites. */
import { randomBytes } from '../../test/support/seeded-random.ts';
import { below, pick, type Random } from './target.ts';

/** Maximum number of bytes affected by one change. */
const maxRun = 64;
const bitsPerByte = 8;

type Damage = (random: Random, bytes: Buffer) => Buffer;

function run(random: Random, bytes: Buffer): [from: number, to: number] {
  const from = below(random, bytes.length);
  return [from, Math.min(bytes.length, from + 1 + below(random, maxRun))];
}

function replaced(bytes: Buffer, [from, to]: readonly [number, number], by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(to)]);
}

const edgeBytes = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];

const damages: Readonly<Record<string, Damage>> = {
  truncated: (random, bytes) => bytes.subarray(0, below(random, bytes.length)),
  'start removed': (random, bytes) => bytes.subarray(below(random, bytes.length)),
  'bit flipped': (random, bytes) => {
    const at = below(random, bytes.length);
    return replaced(bytes, [at, at + 1], Uint8Array.of((bytes[at] ?? 0) ^ (1 << below(random, bitsPerByte))));
  },
  'boundary byte': (random, bytes) => {
    const at = below(random, bytes.length);
    return replaced(bytes, [at, at + 1], Uint8Array.of(pick(random, edgeBytes)));
  },
  'bytes removed': (random, bytes) => replaced(bytes, run(random, bytes), new Uint8Array(0)),
  'bytes overwritten': (random, bytes) => {
    const [from, to] = run(random, bytes);
    return replaced(bytes, [from, to], randomBytes(random, to - from));
  },
  'bytes duplicated': (random, bytes) => {
    const [from, to] = run(random, bytes);
    return replaced(bytes, [to, to], bytes.subarray(from, to));
  },
  'bytes copied': (random, bytes) => {
    const [from, to] = run(random, bytes);
    const at = below(random, bytes.length);
    return replaced(bytes, [at, at], bytes.subarray(from, to));
  },
};

const damageNames = Object.keys(damages);
/** Maximum number of changes to one file. */
const maxDamages = 4;

/** @returns the corrupted bytes and the names of the changes; an empty file stays unchanged. */
export function damage(random: Random, bytes: Uint8Array): { readonly bytes: Uint8Array; readonly what: string } {
  let damaged = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const names: string[] = [];
  for (let left = 1 + below(random, maxDamages); left > 0 && damaged.length > 0; left--) {
    const name = pick(random, damageNames);
    damaged = damages[name]?.(random, damaged) as typeof damaged;
    names.push(name);
  }
  return { bytes: damaged, what: names.join(', ') };
}
