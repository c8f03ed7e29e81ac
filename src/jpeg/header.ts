/** Reads what stands before a JPEG's first scan, without decoding. Runs on the loop, in workers and in the bridge. */
import { findMarker, kindOf, type MarkerKind, marker, readUint16, segmentBytes } from './markers.ts';

/** What the segments before the first scan say, and where things are. */
export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly bitsPerSample: number;
  /** Offset of the first SOS marker. */
  readonly scanAt: number;
  /** Motion JPEG may leave the Huffman tables out, since they are always the same. */
  readonly hasHuffmanTables: boolean;
}

export type ReadHeader = { readonly ok: true; readonly header: JpegHeader } | Refusal;
type Refusal = { readonly ok: false; readonly reason: string };

/**
 * Anything may follow EOI: line ends, a vendor's tail, a second picture, the film of a motion photo. EOI is looked for from the end, and
 * given up after so many bytes of its second half that belong to none: a film of 16 MB has so many.
 */
export const maxFalseEois = 65_536;
/** Segments before the first scan: a few dozen in practice; a crafted file could hold a million empty ones. */
export const maxSegments = 4096;
/** Bytes before the first scan that belong to no segment, all together: fill bytes, and what decoders skip with a warning. */
export const maxStrayBytes = 65_536;

/** The reason for a file that is cut, or whose camera leaves its end out. */
export const noEoi = 'no EOI';

/** Length field of a frame header for `components` components (T.81, B.2.2). */
const frameHeaderBytes = (components: number) => 8 + 3 * components;

function refuse(reason: string): Refusal {
  return { ok: false, reason };
}

/**
 * Walks the segments from SOI to the first scan as libjpeg does, and makes sure that EOI is there.
 * @param bytes the file, with whatever follows it. Only read.
 * @returns the header, or why no decoder would take the file. Costs about a microsecond.
 * Source of the format: ITU-T T.81, annex B; of what is skipped: `jdmarker.c` of libjpeg-turbo.
 */
export function readJpegHeader(bytes: Uint8Array): ReadHeader {
  if (bytes[0] !== marker.prefix || bytes[1] !== marker.soi) return refuse('no SOI');
  // libjpeg would skip what stands here; browsers, Pillow and OpenCV know a JPEG by its first three bytes.
  if (bytes[2] !== marker.prefix && bytes.length > 2) return refuse('no marker after SOI');
  const walk = new HeaderWalk(bytes);
  const reason = walk.toFirstScan();
  if (reason !== undefined) return refuse(reason);
  if (!hasEoi(bytes, walk.at)) return refuse(noEoi);
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

/** Whether EOI stands behind the first scan: one in a thumbnail before it is none. */
function hasEoi(bytes: Uint8Array, scanAt: number): boolean {
  const last = bytes.length - 1;
  if (bytes[last] === marker.eoi && bytes[last - 1] === marker.prefix) return true;
  // Its search is native, and that of other arrays is not.
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

  /** Leaves `at` at the SOS marker. @returns why there is none that a decoder would come to. */
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

  /** Goes behind a marker and what belongs to it. @returns why a decoder would not. */
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
