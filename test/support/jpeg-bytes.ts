/** Writes JPEG files segment by segment, and complete ones with jpeg-js. Tests only. */
import fc from 'fast-check';
import jpegJs from 'jpeg-js';
import { type JpegHeader, readJpegHeader } from '../../src/jpeg/header.ts';

/** Fields of a crafted frame header. */
export interface FrameHeaderParts {
  readonly width: number;
  readonly height: number;
  /** SOF0 is a baseline file, SOF2 a progressive one. */
  readonly code?: number;
  readonly components?: number;
  readonly bitsPerSample?: number;
  /** Value of the segment's length field, if it must be wrong. */
  readonly claimedLength?: number;
}

export const soi: readonly number[] = [0xff, 0xd8];
export const eoi: readonly number[] = [0xff, 0xd9];
const sof0 = 0xc0;
export const sof2 = 0xc2;

/** A marker with a length field and a payload. */
export function segment(code: number, payload: readonly number[] | Uint8Array): number[] {
  return [0xff, code, ...uint16(payload.length + 2), ...payload];
}

/** A frame header (ITU-T T.81, B.2.2), valid or not. */
export function frameHeader(parts: FrameHeaderParts): number[] {
  const { width, height, code = sof0, components = 3, bitsPerSample = 8, claimedLength } = parts;
  const rows = Array.from({ length: components }, (_, index) => [index + 1, 0x11, 0]).flat();
  const bytes = segment(code, [bitsPerSample, ...uint16(height), ...uint16(width), components, ...rows]);
  if (claimedLength !== undefined) bytes.splice(2, 2, ...uint16(claimedLength));
  return bytes;
}

/** A scan header for one component, without coded data. */
export const emptyScan: readonly number[] = segment(0xda, [1, 1, 0, 0, 63, 0]);

/** The smallest file with a valid header: SOI, a frame header, an empty scan, EOI. */
export function headerOnly(parts: FrameHeaderParts): Uint8Array {
  return Uint8Array.from([...soi, ...frameHeader(parts), ...emptyScan, ...eoi]);
}

/** A file with a frame header and `count` empty scans. */
export function manyScans(parts: FrameHeaderParts, count: number): Uint8Array {
  const scans = Array.from({ length: count }, () => emptyScan).flat();
  return Uint8Array.from([...soi, ...frameHeader(parts), ...scans, ...eoi]);
}

/** Inserts bytes after SOI. */
export function insertAfterSoi(jpeg: Uint8Array, bytes: readonly number[]): Uint8Array {
  return Uint8Array.from([...jpeg.subarray(0, 2), ...bytes, ...jpeg.subarray(2)]);
}

const maxCommentBytes = 65_533;
const commentOverhead = 4;

/** An image padded with comments to an exact length. */
export function paddedImage(byteLength: number): Uint8Array {
  const image = encodeGradient(64, 48);
  const filling: number[] = [];
  for (let left = byteLength - image.length; left > 0; ) {
    let payload = Math.min(maxCommentBytes, left - commentOverhead);
    // The rest must also have room for a segment.
    if (left - payload - commentOverhead > 0 && left - payload - commentOverhead < commentOverhead) payload -= 8;
    filling.push(...segment(0xfe, new Uint8Array(payload)));
    left -= payload + commentOverhead;
  }
  return insertAfterSoi(image, filling);
}

export function appendZeros(jpeg: Uint8Array, count: number): Uint8Array {
  const longer = new Uint8Array(jpeg.length + count);
  longer.set(jpeg);
  return longer;
}

/** A complete file with a smooth gradient, so rounding differences of decoders stay small. */
export function encodeGradient(width: number, height: number, quality = 90): Uint8Array {
  const data = new Uint8Array(width * height * 4);
  for (let at = 0; at < width * height; at++) {
    const x = at % width;
    const y = Math.floor(at / width);
    data.set([(255 * x) / width, (255 * y) / height, 128 + 100 * Math.sin((x + y) / 9), 255], 4 * at);
  }
  return new Uint8Array(jpegJs.encode({ width, height, data }, quality).data);
}

/** Segments that may precede a frame header: APP0 to APP15 and comments. */
export const legalSegments: fc.Arbitrary<number[]> = fc
  .array(
    fc.record({
      code: fc.oneof(fc.integer({ min: 0xe0, max: 0xef }), fc.constant(0xfe)),
      payload: fc.uint8Array({ maxLength: 80 }),
    }),
    { maxLength: 20 },
  )
  .map((segments) => segments.flatMap(({ code, payload }) => segment(code, payload)));

/** Frame headers that decoders accept. */
export const decodableHeaders: fc.Arbitrary<FrameHeaderParts> = fc.record({
  width: fc.integer({ min: 1, max: 65_535 }),
  height: fc.integer({ min: 1, max: 65_535 }),
  code: fc.constantFrom(sof0, 0xc1, sof2),
  components: fc.constantFrom(1, 3),
});

function uint16(value: number): [number, number] {
  return [(value >> 8) & 0xff, value & 0xff];
}

/** The header of a valid file. @throws Error with the rejection reason for any other. */
export function headerOf(jpeg: Uint8Array): JpegHeader {
  const read = readJpegHeader(jpeg);
  if (!read.ok) throw new Error(read.reason);
  return read.header;
}
