/** A frame that is large to carry and quick to decode. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeGradient } from '../../test/support/jpeg-bytes.ts';

const side = 16;
/** JPEG comment segment: marker, and a length that includes its own two bytes (ITU T.81, B.2.4.5). */
const commentMarker = [0xff, 0xfe] as const;
const maxSegmentBytes = 65_535;
const startOfImageBytes = 2;
const markerBytes = 2;

/** Writes a JPEG of 16×16 pixels with comments up to this size. @returns its path. */
export function writePaddedFrame(bytes: number): string {
  const image = Buffer.from(encodeGradient(side, side));
  const parts: Buffer[] = [image.subarray(0, startOfImageBytes)];
  for (let left = bytes - image.length; left > markerBytes + 2; ) {
    const length = Math.min(maxSegmentBytes, left - markerBytes);
    parts.push(Buffer.from([...commentMarker, length >> 8, length & 0xff]), Buffer.alloc(length - 2, 'x'));
    left -= markerBytes + length;
  }
  parts.push(image.subarray(startOfImageBytes));
  const path = join(mkdtempSync(join(tmpdir(), 'framegate-frame-')), 'frame.jpg');
  writeFileSync(path, Buffer.concat(parts));
  return path;
}
