/** Scans are counted as a decoder finds them, not wherever two bytes look like a marker. */
import { test } from 'tap';
import { walkScans } from '../../../src/jpeg/scans.ts';
import {
  emptyScan,
  encodeGradient,
  eoi,
  frameHeader,
  headerOf,
  headerOnly,
  insertAfterSoi,
  manyScans,
  segment,
  soi,
} from '../../support/jpeg-bytes.ts';

const small = { width: 64, height: 48 };

function scansOf(bytes: Uint8Array, limit = 10): number {
  return walkScans(bytes, headerOf(bytes).scanAt, limit).count;
}

test('counts scans up to the limit', async (t) => {
  t.equal(scansOf(headerOnly(small)), 1);
  t.equal(scansOf(encodeGradient(32, 32)), 1);
  t.equal(scansOf(manyScans(small, 5)), 5);
  t.equal(scansOf(manyScans(small, 500)), 10);
});

test('ignores bytes in a payload that look like a scan', async (t) => {
  const look = Array.from({ length: 100 }, () => [0xff, 0xda]).flat();
  t.equal(scansOf(insertAfterSoi(headerOnly(small), segment(0xe1, look))), 1);
  const between = [...soi, ...frameHeader(small), ...emptyScan, ...segment(0xfe, look), ...emptyScan, ...eoi];
  t.equal(scansOf(Uint8Array.from(between)), 2);
});

test('stuffed zeros, restart markers and fill bytes do not end coded data, and scans after EOI do not count', async (t) => {
  const coded = [1, 0xff, 0x00, 0xff, 0xd0, 0xff, 0xff, 0xd1, 2];
  const bytes = [
    ...soi,
    ...frameHeader(small),
    ...emptyScan,
    ...coded,
    ...emptyScan,
    3,
    ...eoi,
    ...manyScans(small, 20),
  ];
  t.equal(scansOf(Uint8Array.from(bytes), 20), 2);
});

test('finds the end of the image, whatever follows it', async (t) => {
  const jpeg = encodeGradient(32, 32);
  const { scanAt } = headerOf(jpeg);
  for (const tail of [[], [13, 10], [...encodeGradient(16, 16)]]) {
    t.equal(walkScans(Uint8Array.from([...jpeg, ...tail]), scanAt, 10).endAt, jpeg.length);
  }
  t.equal(walkScans(jpeg.subarray(0, -2), scanAt, 10).endAt, undefined);
});
