/** The frame header is read correctly from every kind of file, and no file makes it throw or take long. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import jpegJs from 'jpeg-js';
import { test } from 'tap';
import { maxFalseEois, maxSegments, maxStrayBytes, readJpegHeader } from '../../../src/jpeg/header.ts';
import {
  appendZeros,
  decodableHeaders,
  emptyScan,
  encodeGradient,
  eoi,
  frameHeader,
  headerOf,
  headerOnly,
  insertAfterSoi,
  legalSegments,
  segment,
  sof2,
  soi,
} from '../../support/jpeg-bytes.ts';

const small = { width: 64, height: 48 };
/** Stray bytes are allowed after a segment, but not right after SOI. */
const aSegment = segment(0xfe, [1]);
const smallHeader = { ...small, components: 3, bitsPerSample: 8 };

function reasonOf(bytes: Uint8Array | readonly number[]): string {
  const read = readJpegHeader(Uint8Array.from(bytes));
  return read.ok ? 'accepted' : read.reason;
}

test('reads a baseline header', async (t) => {
  t.match(headerOf(headerOnly(small)), smallHeader);
});

test('distinguishes grayscale, CMYK and twelve-bit headers', async (t) => {
  t.equal(headerOf(headerOnly({ ...small, components: 1 })).components, 1);
  t.equal(headerOf(headerOnly({ ...small, components: 4 })).components, 4);
  t.equal(headerOf(headerOnly({ ...small, bitsPerSample: 12 })).bitsPerSample, 12);
});

test('accepts baseline, extended and progressive files and rejects every other coding', async (t) => {
  for (const code of [0xc0, 0xc1, sof2]) t.match(headerOf(headerOnly({ ...small, code })), smallHeader);
  const others = [0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf];
  for (const code of others)
    t.match(reasonOf(headerOnly({ ...small, code })), /^SOF\d+: only baseline/, `SOF ${code.toString(16)}`);
});

test('does not confuse Huffman tables, which share the marker range, with frame headers', async (t) => {
  const tables = insertAfterSoi(headerOnly(small), segment(0xc4, [1, 2, 3, 4, 5, 6, 7, 8]));
  t.match(headerOf(tables), smallHeader);
});

test('walks markers as libjpeg does', async (t) => {
  for (const code of [0xcc, 0xdb, 0xdc, 0xdd, 0xe0, 0xef, 0xfe]) {
    const bytes = insertAfterSoi(headerOnly(small), segment(code, [1, 2, 0xff, 0xda]));
    t.match(headerOf(bytes), smallHeader, `segment ${code.toString(16)}`);
  }
  for (const code of [0x01, 0xd0, 0xd7]) {
    t.match(headerOf(insertAfterSoi(headerOnly(small), [0xff, code])), smallHeader, `standalone ${code.toString(16)}`);
  }
  for (const code of [0x02, 0xbf, 0xc8, 0xde, 0xdf, 0xf0, 0xfd]) {
    const bytes = insertAfterSoi(headerOnly(small), segment(code, [1, 2, 3, 4]));
    t.equal(reasonOf(bytes), `unknown marker 0x${code.toString(16).padStart(2, '0')}`);
  }
});

test('reads 16-bit sizes', async (t) => {
  const header = headerOf(headerOnly({ width: 65_535, height: 43_715 }));
  t.match(header, { width: 65_535, height: 43_715 });
});

test('rejects invalid files with the reason', async (t) => {
  const good = headerOnly(small);
  const cases: [what: string, bytes: Uint8Array | number[], reason: string][] = [
    ['no bytes', [], 'no SOI; the file is empty'],
    ['SOI alone', [...soi], 'truncated header'],
    ['a stray byte after SOI', insertAfterSoi(good, [0]), 'no marker after SOI'],
    ['SOI directly followed by EOI', [...soi, ...eoi], 'no image before EOI'],
    ['no SOI', good.subarray(2), 'no SOI'],
    ['a byte before SOI', [0, ...good], 'no SOI'],
    ['no EOI', good.subarray(0, -2), 'no EOI'],
    ['half an EOI', good.subarray(0, -1), 'no EOI'],
    ['EOI in a comment only', insertAfterSoi(good.subarray(0, -2), segment(0xfe, [...eoi])), 'no EOI'],
    ['a PNG', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], 'no SOI; the file is a PNG image'],
    ['only zeros', Array.from({ length: 100 }, () => 0), 'no SOI'],
    ['a scan before the frame header', [...soi, ...emptyScan, ...good.subarray(2)], 'scan without frame header'],
    ['a second SOI', [...soi, ...good], 'two SOI markers'],
    ['EOI before the frame header', [...soi, ...eoi, ...good.subarray(2)], 'no image before EOI'],
    ['two frame headers', insertAfterSoi(good, frameHeader(small)), 'two frame headers'],
    ['no scan', [...soi, ...frameHeader(small), ...eoi], 'no image before EOI'],
    ['a segment that extends past the end', insertAfterSoi(good, [0xff, 0xe0, 0xff, 0xff]), 'truncated header'],
    ['a length field that is too small', headerOnly({ ...small, claimedLength: 14 }), 'invalid frame header length'],
    ['a length field that is too large', headerOnly({ ...small, claimedLength: 20 }), 'invalid frame header length'],
    ['a truncated frame header', [...soi, ...frameHeader(small).slice(0, 9)], 'invalid frame header length'],
  ];
  for (const [what, bytes, reason] of cases) t.equal(reasonOf(bytes), reason, what);
});

test('skips fill bytes, stray bytes and stuffed zeros between segments', async (t) => {
  for (const bytes of [
    [0xff, 0xff, 0xff],
    [1, 2, 3],
    [0xff, 0x00],
    [0, 0xff, 0x00, 0xff],
  ]) {
    t.match(headerOf(insertAfterSoi(headerOnly(small), [...aSegment, ...bytes])), smallHeader, bytes.join(' '));
  }
});

test('a segment shorter than its own length field is empty', async (t) => {
  for (const length of [0, 1]) {
    t.match(headerOf(insertAfterSoi(headerOnly(small), [0xff, 0xe0, 0, length])), smallHeader, `length ${length}`);
  }
});

test('ignores bytes after EOI, up to a limit', async (t) => {
  const jpeg = headerOnly(small);
  for (const tail of [[13, 10], [...jpeg], [0xff], [...jpeg.subarray(0, 20)]]) {
    t.match(headerOf(Uint8Array.from([...jpeg, ...tail])), smallHeader, tail.join(' '));
  }
  t.match(headerOf(appendZeros(jpeg, 5_000_000)), smallHeader);
  const tail = (length: number) => Array.from({ length }, () => 0xd9);
  t.match(headerOf(Uint8Array.from([...jpeg, ...tail(maxFalseEois - 1)])), smallHeader);
  t.equal(reasonOf([...jpeg, ...tail(maxFalseEois)]), 'no EOI');
});

test('accepts hundreds of segments and rejects a file with too many', async (t) => {
  const comments = (count: number) => Array.from({ length: count }, () => [0xff, 0xfe, 0, 2]).flat();
  t.match(headerOf(insertAfterSoi(headerOnly(small), comments(1000))), smallHeader);
  const many = insertAfterSoi(headerOnly(small), comments(maxSegments));
  t.equal(reasonOf(many), `more than ${maxSegments} segments before the first scan`);
});

test('rejects a file of only fill or stray bytes', async (t) => {
  const good = headerOnly(small);
  for (const filling of [0xff, 0x00, 0x5a]) {
    const bytes = new Uint8Array(5 * 1_048_576).fill(filling);
    bytes.set([...soi, ...aSegment]);
    bytes.set(good.subarray(2), bytes.length - good.length + 2);
    t.equal(reasonOf(bytes), `more than ${maxStrayBytes} stray bytes`, String(filling));
  }
  const most = Array.from({ length: maxStrayBytes }, () => 1);
  t.match(headerOf(insertAfterSoi(good, [...aSegment, ...most])), smallHeader);
  t.equal(reasonOf(insertAfterSoi(good, [...aSegment, ...most, 1])), `more than ${maxStrayBytes} stray bytes`);
});

test('reports Huffman tables and the offset of the first scan', async (t) => {
  const bare = headerOnly(small);
  t.match(headerOf(bare), { hasHuffmanTables: false, scanAt: bare.length - emptyScan.length - 2 });
  t.equal(headerOf(encodeGradient(16, 16)).hasHuffmanTables, true);
});

test('matches jpeg-js on the size of real files', async (t) => {
  for (const [width, height] of [
    [1, 1],
    [17, 9],
    [320, 240],
  ] as const) {
    const jpeg = encodeGradient(width, height);
    const decoded = jpegJs.decode(jpeg);
    t.match(headerOf(jpeg), { width: decoded.width, height: decoded.height });
  }
});

test('ignores segments before the frame header and zeros after the file', async () => {
  fc.assert(
    fc.property(decodableHeaders, legalSegments, fc.nat({ max: 65_535 }), (parts, segments, zeros) => {
      const plain = headerOnly(parts);
      const decorated = appendZeros(insertAfterSoi(plain, segments), zeros);
      const { scanAt: _plainAt, ...header } = headerOf(plain);
      const { scanAt: _decoratedAt, ...found } = headerOf(decorated);
      assert.deepEqual([header.width, header.height], [parts.width, parts.height]);
      assert.deepEqual(found, header);
    }),
    { numRuns: 60 },
  );
});
