/** The smallest 64-bit shared library that a reader of `DT_NEEDED` accepts: headers, a dynamic section, and its names. Tests only. */

const headerBytes = 64;
const programHeaderBytes = 56;
const entryBytes = 16;

interface TinyElf {
  readonly needed?: readonly string[];
  readonly runpath?: string;
  /** Data after the library, such as a version. */
  readonly trailer?: string;
}

/** Addresses in the file and in memory are the same. */
export function tinyElf({ needed = [], runpath, trailer = '' }: TinyElf): Buffer {
  const names = ['', ...needed, ...(runpath === undefined ? [] : [runpath])];
  const strings = Buffer.from(`${names.join('\0')}\0`);
  const offsetOf = (name: string) =>
    names.slice(0, names.indexOf(name)).reduce((sum, each) => sum + each.length + 1, 0);
  const dynamicAt = headerBytes + 2 * programHeaderBytes;
  const entries: [number, number][] = needed.map((name) => [1, offsetOf(name)]);
  if (runpath !== undefined) entries.push([29, offsetOf(runpath)]);
  const stringsAt = dynamicAt + (entries.length + 3) * entryBytes;
  entries.push([5, stringsAt], [10, strings.length], [0, 0]);
  const dynamic = Buffer.concat(entries.map(([tag, value]) => words(tag, value)));
  const end = stringsAt + strings.length;
  const segments = [segment(1, 0, end), segment(2, dynamicAt, dynamic.length)];
  return Buffer.concat([header(), ...segments, dynamic, strings, Buffer.from(trailer, 'latin1')]);
}

function words(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) buffer.writeBigUInt64LE(BigInt(value), index * 8);
  return buffer;
}

function header(): Buffer {
  const buffer = Buffer.alloc(headerBytes);
  buffer.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  buffer.writeBigUInt64LE(BigInt(headerBytes), 32);
  buffer.writeUInt16LE(programHeaderBytes, 54);
  buffer.writeUInt16LE(2, 56);
  return buffer;
}

/** Type and flags, then offset, two addresses, two sizes, and alignment. */
function segment(type: number, offset: number, bytes: number): Buffer {
  return Buffer.concat([words(type), words(offset, offset, offset, bytes, bytes, 8)]);
}
