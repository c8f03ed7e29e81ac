/** Walks a JPEG's scans as a decoder would come to them. Workers and the bridge. */
import { findMarker, kindOf, marker, segmentBytes } from './markers.ts';

export interface Scans {
  /** How many there are, at most the limit. */
  readonly count: number;
  /** Offset behind the picture's own EOI; undefined where the walk ended before it. */
  readonly endAt: number | undefined;
}

/**
 * Walks from the first scan to EOI: over coded data, the tables between scans, and their payloads, in which anything may stand.
 * @param scanAt offset of the first SOS marker.
 * @param limit ends the walk after so many scans. Otherwise it reads the whole file: some 20 µs for a frame of 50 KB.
 */
export function walkScans(bytes: Uint8Array, scanAt: number, limit: number): Scans {
  let count = 0;
  let at = scanAt;
  while (at !== -1 && count < limit) {
    const kind = kindOf(bytes[at + 1] ?? 0);
    if (kind === 'end') return { count, endAt: at + 2 };
    if (kind === 'scan') {
      count += 1;
      at = endOfCodedData(bytes, at + segmentBytes(bytes, at));
    } else at = findMarker(bytes, kind === 'standalone' ? at + 2 : at + segmentBytes(bytes, at), bytes.length);
  }
  return { count, endAt: undefined };
}

/** Offset of the marker that ends coded data; restart markers and stuffed zeros are part of it. -1: the file ends first. */
function endOfCodedData(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(marker.prefix, from); at !== -1; at = bytes.indexOf(marker.prefix, at + 1)) {
    const code = bytes[at + 1] ?? 0;
    const isData = code === marker.stuffed || code === marker.prefix || kindOf(code) === 'standalone';
    if (!isData) return at;
  }
  return -1;
}
