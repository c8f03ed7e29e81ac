/** The frame header is read right from every kind of file, and no file makes it fail or work for long. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import jpegJs from 'jpeg-js';
import { test } from 'tap';
import { countScans, readJpegHeader } from '../../src/jpeg-header.ts';
import {
  appendZeros,
  decodableHeaders,
  encodePicture,
  eoi,
  frameHeader,
  headerOnly,
  insertAfterSoi,
  legalSegments,
  manyScans,
  segment,
  sof2,
  soi,
} from '../support/jpeg-bytes.ts';

const small = { width: 64, height: 48 };
const smallHeader = { ...small, components: 3, bitsPerSample: 8 };

test('a baseline header is read', async (t) => {
  t.same(readJpegHeader(headerOnly(small)), smallHeader);
});

test('a grey, a CMYK and a twelve-bit header are told apart', async (t) => {
  t.equal(readJpegHeader(headerOnly({ ...small, components: 1 }))?.components, 1);
  t.equal(readJpegHeader(headerOnly({ ...small, components: 4 }))?.components, 4);
  t.equal(readJpegHeader(headerOnly({ ...small, bitsPerSample: 12 }))?.bitsPerSample, 12);
});

test('baseline, extended and progressive files have a header, every other coding has none', async (t) => {
  for (const code of [0xc0, 0xc1, sof2]) t.same(readJpegHeader(headerOnly({ ...small, code })), smallHeader);
  const others = [0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf];
  for (const code of others)
    t.equal(readJpegHeader(headerOnly({ ...small, code })), undefined, `SOF ${code.toString(16)}`);
});

test('Huffman tables share the range of frame headers and are not taken for one', async (t) => {
  const tables = insertAfterSoi(headerOnly(small), segment(0xc4, [1, 2, 3, 4, 5, 6, 7, 8]));
  t.same(readJpegHeader(tables), smallHeader);
});

test('a marker that decoders read in different ways is refused before the frame header', async (t) => {
  for (const code of [0x01, 0x02, 0xc8, 0xcc, 0xdc, 0xde, 0xdf]) {
    const bytes = insertAfterSoi(headerOnly(small), segment(code, [1, 2, 3, 4]));
    t.equal(readJpegHeader(bytes), undefined, `code ${code.toString(16)}`);
  }
});

test('sizes of sixteen bits are read whole', async (t) => {
  const header = readJpegHeader(headerOnly({ width: 65_535, height: 43_715 }));
  t.match(header, { width: 65_535, height: 43_715 });
});

test('what is not a whole file has no header', async (t) => {
  const good = headerOnly(small);
  const cases: Record<string, Uint8Array | number[]> = {
    'no bytes': [],
    'SOI alone': [...soi],
    'SOI and EOI without anything between': [...soi, ...eoi],
    'no SOI': good.subarray(2),
    'no EOI': good.subarray(0, -2),
    'half an EOI': good.subarray(0, -1),
    'something other than zeros after EOI': [...good, 1],
    'a PNG': [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    'zeros only': Array.from({ length: 100 }, () => 0),
    'a scan before the frame header': [...soi, ...segment(0xda, [1, 1, 0, 0, 63, 0]), ...frameHeader(small), ...eoi],
    'a second SOI': [...soi, ...soi, ...frameHeader(small), ...eoi],
    'EOI before the frame header': [...soi, ...eoi, ...frameHeader(small), ...eoi],
    'a restart before the frame header': [...soi, 0xff, 0xd0, ...frameHeader(small), ...eoi],
    'no marker where one must be': [...soi, 0x12, ...frameHeader(small), ...eoi],
    'a segment that reaches past the end': [...soi, 0xff, 0xe0, 0xff, 0xff, ...frameHeader(small), ...eoi],
    'a frame header that says it is shorter': headerOnly({ ...small, claimedLength: 14 }),
    'a frame header that says it is longer': headerOnly({ ...small, claimedLength: 20 }),
    'a frame header cut in the middle': [...soi, ...frameHeader(small).slice(0, 9), ...eoi],
    'a header that reaches into EOI': [...soi, ...frameHeader(small).slice(0, -1), ...eoi],
  };
  for (const [name, bytes] of Object.entries(cases)) {
    t.equal(readJpegHeader(Uint8Array.from(bytes)), undefined, name);
  }
});

test('fill bytes may stand before a marker', async (t) => {
  t.same(readJpegHeader(insertAfterSoi(headerOnly(small), [0xff, 0xff, 0xff])), smallHeader);
});

test('a segment may not claim to be shorter than its own length field', async (t) => {
  for (const length of [0, 1]) {
    const bytes = insertAfterSoi(headerOnly(small), [0xff, 0xe0, 0, length]);
    t.equal(readJpegHeader(bytes), undefined, `length ${length}`);
  }
});

test('zeros after EOI are padding up to 65535 of them, and no further', async (t) => {
  const jpeg = headerOnly(small);
  t.same(readJpegHeader(appendZeros(jpeg, 65_535)), smallHeader);
  t.equal(readJpegHeader(appendZeros(jpeg, 65_537)), undefined);
});

test('a file of nothing but empty segments is given up after the first few hundred', async (t) => {
  const comments = (count: number) => Array.from({ length: count }, () => [0xff, 0xfe, 0, 2]).flat();
  t.same(readJpegHeader(insertAfterSoi(headerOnly(small), comments(255))), smallHeader);
  t.equal(readJpegHeader(insertAfterSoi(headerOnly(small), comments(257))), undefined);
});

test('a file of nothing but fill bytes is given up', async (t) => {
  const bytes = new Uint8Array(5 * 1_048_576).fill(0xff);
  bytes.set(soi);
  bytes.set([...frameHeader(small), ...eoi], bytes.length - frameHeader(small).length - 2);
  t.equal(readJpegHeader(bytes), undefined);
});

test('it agrees with jpeg-js on the size of real files', async (t) => {
  for (const [width, height] of [
    [1, 1],
    [17, 9],
    [320, 240],
  ] as const) {
    const jpeg = encodePicture(width, height);
    const decoded = jpegJs.decode(jpeg);
    t.match(readJpegHeader(jpeg), { width: decoded.width, height: decoded.height });
  }
});

test('segments before the frame header and zeros behind the file change nothing', async () => {
  fc.assert(
    fc.property(decodableHeaders, legalSegments, fc.nat({ max: 65_535 }), (parts, segments, zeros) => {
      const plain = headerOnly(parts);
      const decorated = appendZeros(insertAfterSoi(plain, segments), zeros);
      const header = readJpegHeader(plain);
      assert.deepEqual([header?.width, header?.height], [parts.width, parts.height]);
      assert.deepEqual(readJpegHeader(decorated), header);
    }),
    { numRuns: 60 },
  );
});

test('scans are counted up to the limit', async (t) => {
  t.equal(countScans(headerOnly(small), 10), 0);
  t.equal(countScans(encodePicture(32, 32), 10), 1);
  t.equal(countScans(manyScans(small, 5), 10), 5);
  t.equal(countScans(manyScans(small, 500), 10), 10);
});

test('a stuffed zero, a restart or 0xff at the end is no scan', async (t) => {
  t.equal(countScans(Uint8Array.from([0xff, 0x00, 0xff, 0xd0, 0xda, 0xff]), 10), 0);
});
