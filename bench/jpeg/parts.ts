/** Splits a JPEG into parts and joins them again, so it can be changed part by part. */

/** A marker with its payload and, for a scan, the coded data; or bytes outside segments. */
export type Part = Segment | { readonly type: 'bytes'; readonly bytes: Uint8Array };

export interface Segment {
  readonly type: 'segment';
  readonly code: number;
  readonly payload: Uint8Array;
  /** Value of the length field, if it must be wrong. */
  readonly claimedLength?: number;
  readonly data: Uint8Array;
}

const sos = 0xda;
const eoi = 0xd9;

/** @param jpeg a valid file. @returns the parts between SOI and EOI. */
export function splitParts(jpeg: Uint8Array): Part[] {
  const parts: Part[] = [];
  let at = 2;
  while (jpeg[at + 1] !== eoi) {
    const code = jpeg[at + 1] ?? 0;
    const end = at + 2 + (((jpeg[at + 2] ?? 0) << 8) | (jpeg[at + 3] ?? 0));
    const payload = jpeg.slice(at + 4, end);
    at = end;
    while (code === sos && !isMarker(jpeg, at)) at++;
    parts.push({ type: 'segment', code, payload, data: jpeg.slice(end, at) });
  }
  return parts;
}

function isMarker(jpeg: Uint8Array, at: number): boolean {
  const code = jpeg[at + 1] ?? 0;
  return jpeg[at] === 0xff && code !== 0 && (code < 0xd0 || code > 0xd7);
}

export function joinParts(parts: readonly Part[], tail: Uint8Array = new Uint8Array(0)): Uint8Array {
  const chunks = parts.flatMap((part) => {
    if (part.type === 'bytes') return [part.bytes];
    const length = part.claimedLength ?? part.payload.length + 2;
    return [Buffer.of(0xff, part.code, (length >> 8) & 255, length & 255), part.payload, part.data];
  });
  return new Uint8Array(Buffer.concat([Buffer.of(0xff, 0xd8), ...chunks, Buffer.of(0xff, eoi), tail]));
}
