/** Masks are encoded as COCO's tools do, so that these read them. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import type { Bitmap } from '../../../../src/models/yolo/mask-grid.ts';
import { encodeRunLengths } from '../../../../src/models/yolo/run-length.ts';
import { decodeMask } from '../../../support/yolo-fixtures.ts';

function filled(x: number, y: number, width: number, height: number): Bitmap {
  return { x, y, width, height, data: new Uint8Array(width * height).fill(1) };
}

// Texts of pycocotools 2.0.11, `mask.encode` of the same arrays.

test('a rectangle with two holes at a place in the frame', async (t) => {
  const mask = filled(3, 2, 4, 4);
  mask.data[1 * 4 + 1] = 0;
  mask.data[3 * 4 + 3] = 0;
  t.same(encodeRunLengths(mask, { width: 9, height: 7 }), { size: [7, 9], counts: 'g043MN1220O=' });
});

test('long runs, and the differences of runs, which may be negative', async (t) => {
  const mask: Bitmap = { x: 1, y: 0, width: 4, height: 200, data: new Uint8Array(800) };
  for (let y = 0; y < 200; y++) {
    mask.data[4 * y] = y >= 10 && y < 190 ? 1 : 0;
    mask.data[4 * y + 1] = y >= 50 && y < 60 ? 1 : 0;
    mask.data[4 * y + 3] = 1;
  }
  t.same(encodeRunLengths(mask, { width: 5, height: 200 }), { size: [200, 5], counts: 'b6d5l1fJh8n5' });
});

test('a large frame has runs of thousands of pixels', async (t) => {
  const mask = filled(100, 40, 280, 210);
  mask.data[280] = 0;
  const { counts } = encodeRunLengths(mask, { width: 400, height: 300 });
  t.equal(counts.length, 570);
  t.ok(counts.startsWith('hZm011_6i2200000'), counts.slice(0, 20));
  t.ok(counts.endsWith('00000Xj5'), counts.slice(-20));
});

test('an empty mask, a full one, and one that begins with the first pixel', async (t) => {
  t.same([...decodeMask(encodeRunLengths(filled(0, 0, 0, 0), { width: 3, height: 2 }))], [0, 0, 0, 0, 0, 0]);
  t.same([...decodeMask(encodeRunLengths(filled(0, 0, 3, 2), { width: 3, height: 2 }))], [1, 1, 1, 1, 1, 1]);
  t.equal(encodeRunLengths(filled(0, 0, 3, 2), { width: 3, height: 2 }).counts, '06', 'no zeros, then six ones');
  t.same([...decodeMask(encodeRunLengths(filled(0, 0, 1, 1), { width: 3, height: 2 }))], [1, 0, 0, 0, 0, 0]);
});

test('a buffer may be longer than the mask', async (t) => {
  const mask = { ...filled(1, 0, 1, 1), data: Uint8Array.of(1, 1, 1, 1) };
  t.same([...decodeMask(encodeRunLengths(mask, { width: 2, height: 2 }))], [0, 1, 0, 0]);
});

const side = fc.integer({ min: 1, max: 14 });
const margin = fc.nat({ max: 5 });

test('any mask at any place of a frame comes back', async () => {
  const anyMask = fc.tuple(margin, margin, side, side, margin, margin).chain(([x, y, width, height, right, below]) => {
    const pixels = fc.array(fc.constantFrom(0, 1), { minLength: width * height, maxLength: width * height });
    const frame = { width: x + width + right, height: y + height + below };
    return pixels.map((data) => ({ mask: { x, y, width, height, data: Uint8Array.from(data) }, frame }));
  });
  fc.assert(
    fc.property(anyMask, ({ mask, frame }) => {
      const whole = new Uint8Array(frame.width * frame.height);
      for (let row = 0; row < mask.height; row++) {
        const from = mask.data.subarray(row * mask.width, (row + 1) * mask.width);
        whole.set(from, (mask.y + row) * frame.width + mask.x);
      }
      const encoded = encodeRunLengths(mask, frame);
      assert.deepEqual(encoded.size, [frame.height, frame.width]);
      assert.match(encoded.counts, /^[0-o]*$/);
      assert.deepEqual(decodeMask(encoded), whole);
    }),
    { numRuns: 300 },
  );
});
