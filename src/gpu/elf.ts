/**
 * Reads what a shared library needs from its ELF file: the names of other libraries (`DT_NEEDED`) and its own search path (`DT_RUNPATH`).
 * 64-bit little-endian files only, as on x64 and arm64. Any thread.
 */
import { closeSync, openSync, readSync } from 'node:fs';

/** Sizes and offsets are those of `Elf64_Ehdr`, `Elf64_Phdr` and `Elf64_Dyn` in elf.h. */
const headerBytes = 64;
const programHeaderOffset = 32;
const programHeaderSizeOffset = 54;
const programHeaderCountOffset = 56;
const segment = { type: 0, offset: 8, address: 16, fileBytes: 32 } as const;
const loadSegment = 1;
const dynamicSegment = 2;
const dynamicEntryBytes = 16;
const dynamicTag = { needed: 1, stringTable: 5, stringTableBytes: 10, rpath: 15, runpath: 29 } as const;
/** 64-bit, little-endian, after the magic number. */
const magic = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
/** Real libraries have a few kilobytes; the string table of symbol names is the largest. */
const maxPartBytes = 64 * 1024 * 1024;

export interface ElfNeeds {
  /** Names such as `libcublas.so.13`. */
  readonly needed: readonly string[];
  /** Folders in which the linker looks for them, with `$ORIGIN` for the folder of the file. */
  readonly searchPath: readonly string[];
}

/** @returns undefined if the file cannot be read or is not such a library. */
export function readElfNeeds(path: string): ElfNeeds | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    return needsOf((offset, bytes) => readPart(file, offset, bytes));
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}

type ReadPart = (offset: number, bytes: number) => Buffer;

function readPart(file: number, offset: number, bytes: number): Buffer {
  if (bytes > maxPartBytes) throw new RangeError('not a library');
  const part = Buffer.alloc(bytes);
  if (readSync(file, part, 0, bytes, offset) < bytes) throw new RangeError('cut off');
  return part;
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}

const wordAt = (buffer: Buffer, offset: number) => Number(buffer.readBigUInt64LE(offset));

function needsOf(read: ReadPart): ElfNeeds | undefined {
  const header = read(0, headerBytes);
  if (!header.subarray(0, magic.length).equals(magic)) return undefined;
  const segments = segmentsOf(header, read);
  const dynamic = segments.find(({ type }) => type === dynamicSegment);
  if (dynamic === undefined) return { needed: [], searchPath: [] };
  const entries = [...entriesOf(read(dynamic.offset, dynamic.bytes))];
  const entryOf = (wanted: number) => entries.find(({ tag }) => tag === wanted)?.value;
  const address = entryOf(dynamicTag.stringTable) ?? 0;
  const home = segments.find((each) => each.type === loadSegment && contains(each, address));
  if (home === undefined) return { needed: [], searchPath: [] };
  const strings = read(address - home.address + home.offset, entryOf(dynamicTag.stringTableBytes) ?? 0);
  const textAt = (offset: number) => strings.toString('utf8', offset, strings.indexOf(0, offset));
  const needed = entries.filter(({ tag }) => tag === dynamicTag.needed).map(({ value }) => textAt(value));
  const path = entryOf(dynamicTag.runpath) ?? entryOf(dynamicTag.rpath);
  return { needed, searchPath: path === undefined ? [] : textAt(path).split(':') };
}

const contains = ({ address, bytes }: Segment, wanted: number) => wanted >= address && wanted < address + bytes;

function segmentsOf(header: Buffer, read: ReadPart): Segment[] {
  const size = header.readUInt16LE(programHeaderSizeOffset);
  const count = header.readUInt16LE(programHeaderCountOffset);
  const table = read(wordAt(header, programHeaderOffset), size * count);
  return Array.from({ length: count }, (_, index) => {
    const entry = table.subarray(index * size);
    const [offset, address, bytes] = [segment.offset, segment.address, segment.fileBytes].map((at) =>
      wordAt(entry, at),
    );
    return { type: entry.readUInt32LE(segment.type), offset: offset ?? 0, address: address ?? 0, bytes: bytes ?? 0 };
  });
}

function* entriesOf(dynamic: Buffer): Generator<{ readonly tag: number; readonly value: number }> {
  for (let at = 0; at + dynamicEntryBytes <= dynamic.length; at += dynamicEntryBytes) {
    const tag = wordAt(dynamic, at);
    if (tag === 0) return;
    yield { tag, value: wordAt(dynamic, at + dynamicEntryBytes / 2) };
  }
}
