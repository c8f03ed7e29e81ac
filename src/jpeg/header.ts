/** Reads a JPEG's segments before the first scan, without decoding. Runs on the event loop, in workers and in the bridge. */
import { fileKindOf } from './file-kind.ts';
import { findMarker, kindOf, type MarkerKind, marker, readUint16, segmentBytes } from './markers.ts';

/** Values from the segments before the first scan, and offsets. */
export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly bitsPerSample: number;
  /** Offset of the first SOS marker. */
  readonly scanAt: number;
  /** Motion JPEG may omit the Huffman tables, since they are always the same. */
  readonly hasHuffmanTables: boolean;
}

export type ReadHeader = { readonly ok: true; readonly header: JpegHeader } | Rejection;
type Rejection = { readonly ok: false; readonly reason: string };

/**
 * Anything may follow EOI: line endings, vendor data, a second image, the video of a motion photo. The search for EOI starts at the end
 * and stops after this many 0xd9 bytes that are not part of an EOI: a video of 16 MB has about as many.
 */
export const maxFalseEois = 65_536;
/** Segments before the first scan: a few dozen in practice, but a crafted file could have a million empty ones. */
export const maxSegments = 4096;
/** Total bytes before the first scan that belong to no segment: fill bytes, and bytes that decoders skip with a warning. */
export const maxStrayBytes = 65_536;

/** Rejection reason for a truncated file, or a camera that omits EOI. */
export const noEoi = 'no EOI';

/** Expected length field of a frame header (T.81, B.2.2). */
const frameHeaderBytes = (components: number) => 8 + 3 * components;

function reject(reason: string): Rejection {
  return { ok: false, reason };
}

/**
 * Walks the segments from SOI to the first scan as libjpeg does, and checks that there is an EOI.
 * @param bytes the file, possibly with trailing bytes. Not modified.
 * @returns the header, or why decoders would reject the file. Takes about a microsecond.
 * Format: ITU-T T.81, annex B. Skipped bytes: `jdmarker.c` of libjpeg-turbo.
 */
export function readJpegHeader(bytes: Uint8Array): ReadHeader {
  if (bytes[0] !== marker.prefix || bytes[1] !== marker.soi) return reject(noSoi(bytes));
  // libjpeg would skip stray bytes here, but browsers, Pillow and OpenCV detect a JPEG by its first three bytes.
  if (bytes[2] !== marker.prefix && bytes.length > 2) return reject('no marker after SOI');
  const walk = new HeaderWalk(bytes);
  const reason = walk.toFirstScan();
  if (reason !== undefined) return reject(reason);
  if (!hasEoi(bytes, walk.at)) return reject(noEoi);
  const { frameAt } = walk;
  return {
    ok: true,
    header: {
      bitsPerSample: bytes[frameAt + 4] ?? 0,
      height: readUint16(bytes, frameAt + 5),
      width: readUint16(bytes, frameAt + 7),
      components: bytes[frameAt + 9] ?? 0,
      scanAt: walk.at,
      hasHuffmanTables: walk.hasHuffmanTables,
    },
  };
}

/** A file of another kind is named. */
function noSoi(bytes: Uint8Array): string {
  const kind = fileKindOf(bytes);
  return kind === undefined ? 'no SOI' : `no SOI; the file is ${kind}`;
}

/** Whether there is an EOI after the first scan; the EOI of a thumbnail before it does not count. */
function hasEoi(bytes: Uint8Array, scanAt: number): boolean {
  const last = bytes.length - 1;
  if (bytes[last] === marker.eoi && bytes[last - 1] === marker.prefix) return true;
  // Buffer's lastIndexOf is native; that of a Uint8Array is not.
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = bytes.length;
  for (let falseEois = 0; falseEois < maxFalseEois; falseEois++) {
    at = buffer.lastIndexOf(marker.eoi, at - 1);
    if (at <= scanAt) return false;
    if (bytes[at - 1] === marker.prefix) return true;
  }
  return false;
}

class HeaderWalk {
  readonly #bytes: Uint8Array;
  at = 2;
  frameAt = 0;
  hasHuffmanTables = false;
  #strayBytes = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Advances `at` to the SOS marker. @returns the rejection reason if a decoder would not reach one. */
  toFirstScan(): string | undefined {
    for (let segments = 0; segments < maxSegments; segments++) {
      const skipReason = this.#skipToMarker();
      if (skipReason !== undefined) return skipReason;
      const code = this.#bytes[this.at + 1] ?? 0;
      const kind = kindOf(code);
      if (kind === 'scan') return this.frameAt === 0 ? 'scan without frame header' : undefined;
      const reason = this.#pass(kind, code);
      if (reason !== undefined) return reason;
    }
    return `more than ${maxSegments} segments before the first scan`;
  }

  #skipToMarker(): string | undefined {
    const from = this.at;
    const limit = Math.min(this.#bytes.length, from + maxStrayBytes - this.#strayBytes + 2);
    const at = findMarker(this.#bytes, from, limit);
    if (at === -1) return limit < this.#bytes.length ? `more than ${maxStrayBytes} stray bytes` : 'truncated header';
    this.#strayBytes += at - from;
    this.at = at;
    return undefined;
  }

  /** Advances past a marker and its segment. @returns the rejection reason if a decoder would fail here. */
  #pass(kind: Exclude<MarkerKind, 'scan'>, code: number): string | undefined {
    switch (kind) {
      case 'standalone':
        this.at += 2;
        return undefined;
      case 'segment':
        this.hasHuffmanTables ||= code === marker.dht;
        this.at += segmentBytes(this.#bytes, this.at);
        return undefined;
      case 'frame':
        return this.#passFrameHeader();
      case 'other frame':
        return `SOF${code - marker.sof0}: only baseline, extended and progressive Huffman coding is supported`;
      case 'start':
        return 'two SOI markers';
      case 'end':
        return 'no image before EOI';
      case 'unknown':
        return `unknown marker 0x${code.toString(16).padStart(2, '0')}`;
      default:
        return kind satisfies never;
    }
  }

  #passFrameHeader(): string | undefined {
    if (this.frameAt !== 0) return 'two frame headers';
    const length = readUint16(this.#bytes, this.at + 2);
    if (length !== frameHeaderBytes(this.#bytes[this.at + 9] ?? 0)) return 'invalid frame header length';
    this.frameAt = this.at;
    this.at += 2 + length;
    return undefined;
  }
}
