/** Reads a JPEG's frame header without decoding. Imports nothing; used on the loop and in workers. */

/** What the SOF segment says. */
export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly bitsPerSample: number;
}

/** Cameras pad their buffers after EOI up to a page or DMA block; more than this is no padding. */
const maxTrailingZeros = 65_536;
/** Segments before the frame header: a handful in practice; a crafted file could hold a million empty ones. */
const maxSegmentsBeforeFrameHeader = 256;

const marker = {
  prefix: 0xff,
  soi: 0xd8,
  eoi: 0xd9,
  sos: 0xda,
  sof0: 0xc0,
  sof2: 0xc2,
  dht: 0xc4,
  dqt: 0xdb,
  dri: 0xdd,
  app0: 0xe0,
  com: 0xfe,
} as const;

/**
 * Walks the segments from SOI to the frame header.
 * @param bytes the file; zero bytes after EOI are accepted. It is only read.
 * @returns `undefined` where SOI, EOI or a whole frame header is missing. Costs well under a microsecond.
 * Source of the format: ITU-T T.81, annex B.
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  if (bytes[0] !== marker.prefix || bytes[1] !== marker.soi) return undefined;
  const end = endWithoutPadding(bytes);
  if (end < 4 || bytes[end - 2] !== marker.prefix || bytes[end - 1] !== marker.eoi) return undefined;
  const at = findFrameHeader(bytes, end);
  if (at === undefined) return undefined;
  const length = readUint16(bytes, at);
  const components = bytes[at + 7] ?? 0;
  if (at + length > end - 2 || length !== 8 + 3 * components) return undefined;
  return {
    bitsPerSample: bytes[at + 2] ?? 0,
    height: readUint16(bytes, at + 3),
    width: readUint16(bytes, at + 5),
    components,
  };
}

/**
 * Counts scans, up to `limit`.
 * @returns how many SOS markers the file has, at most `limit`. Reads the whole file: some 20 µs for a frame.
 */
export function countScans(bytes: Uint8Array, limit: number): number {
  let scans = 0;
  for (let at = bytes.indexOf(marker.prefix); at !== -1 && scans < limit; at = bytes.indexOf(marker.prefix, at + 1)) {
    if (bytes[at + 1] === marker.sos) scans += 1;
  }
  return scans;
}

function endWithoutPadding(bytes: Uint8Array): number {
  const earliest = Math.max(0, bytes.length - maxTrailingZeros);
  let end = bytes.length;
  while (end > earliest && bytes[end - 1] === 0) end--;
  return end;
}

/**
 * Baseline, extended and progressive Huffman coding: what cameras send and the decoder takes. Lossless, hierarchical and
 * arithmetic coding have other SOF codes, and files that spend a decoder's time on purpose like them.
 */
function isSupportedFrameHeader(code: number): boolean {
  return code >= marker.sof0 && code <= marker.sof2;
}

/** Markers that can stand before a frame header and carry a length: tables, comments and what applications add. */
function isSegment(code: number): boolean {
  return (
    code === marker.dht || code === marker.dqt || code === marker.dri || (code >= marker.app0 && code <= marker.com)
  );
}

/** Offset of the length field that follows the SOF marker. */
function findFrameHeader(bytes: Uint8Array, end: number): number | undefined {
  let at = 2;
  for (let segments = 0; segments < maxSegmentsBeforeFrameHeader && at + 4 <= end; segments++) {
    if (bytes[at] !== marker.prefix) return undefined;
    const code = bytes[at + 1] ?? 0;
    if (isSupportedFrameHeader(code)) return at + 2;
    if (code === marker.prefix) {
      at += 1; // A fill byte may stand before any marker.
    } else if (isSegment(code)) {
      at += 2 + readUint16(bytes, at + 2);
    } else {
      return undefined; // Everything else is read differently by decoders, or is no place for it before the frame header.
    }
  }
  return undefined;
}

function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
