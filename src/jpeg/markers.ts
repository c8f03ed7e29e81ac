/** JPEG markers, and finding the next one as a decoder does. Imports nothing; any thread. */

/** Codes after the byte 0xff: ITU-T T.81, table B.1. */
export const marker = {
  prefix: 0xff,
  stuffed: 0x00,
  tem: 0x01,
  sof0: 0xc0,
  sof2: 0xc2,
  dht: 0xc4,
  jpg: 0xc8,
  sof15: 0xcf,
  dac: 0xcc,
  rst0: 0xd0,
  rst7: 0xd7,
  soi: 0xd8,
  eoi: 0xd9,
  sos: 0xda,
  dqt: 0xdb,
  dnl: 0xdc,
  dri: 0xdd,
  app0: 0xe0,
  app15: 0xef,
  com: 0xfe,
} as const;

/** The kinds of markers that a walk distinguishes. */
export type MarkerKind =
  /** A length and a payload follow. */
  | 'segment'
  /** Nothing follows. */
  | 'standalone'
  | 'frame'
  /** A frame header of an unsupported coding: lossless, hierarchical, arithmetic. */
  | 'other frame'
  | 'scan'
  | 'start'
  | 'end'
  /** Reserved, or of an extension that no decoder supports. */
  | 'unknown';

const kinds: readonly MarkerKind[] = Array.from({ length: 256 }, (_, code) => classify(code));

function classify(code: number): MarkerKind {
  if (code === marker.soi) return 'start';
  if (code === marker.eoi) return 'end';
  if (code === marker.sos) return 'scan';
  if (code === marker.tem || isWithin(code, marker.rst0, marker.rst7)) return 'standalone';
  if (isWithin(code, marker.sof0, marker.sof2)) return 'frame';
  if ([marker.dht, marker.dac, marker.dqt, marker.dnl, marker.dri, marker.com].some((known) => known === code))
    return 'segment';
  if (isWithin(code, marker.app0, marker.app15)) return 'segment';
  return isWithin(code, marker.sof0, marker.sof15) && code !== marker.jpg ? 'other frame' : 'unknown';
}

function isWithin(code: number, low: number, high: number): boolean {
  return code >= low && code <= high;
}

export function kindOf(code: number): MarkerKind {
  return kinds[code] ?? 'unknown';
}

/**
 * Finds the next marker between segments, skipping fill bytes (0xff) and stray bytes as libjpeg does.
 * @param at end of the previous segment.
 * @param limit end of the search.
 * @returns the offset of the 0xff right before the marker's code, or -1 if there is none before `limit`.
 */
export function findMarker(bytes: Uint8Array, at: number, limit: number): number {
  let position = at;
  while (position + 1 < limit) {
    if (bytes[position] === marker.prefix) {
      const code = bytes[position + 1];
      if (code !== marker.prefix && code !== marker.stuffed) return position;
    }
    position += 1;
  }
  return -1;
}

/** Length of a marker with its segment, from its length field; at least the size of that field. */
export function segmentBytes(bytes: Uint8Array, markerAt: number): number {
  const minLength = 2;
  return 2 + Math.max(minLength, readUint16(bytes, markerAt + 2));
}

export function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
