/** A body is recognized as one JPEG, several or none, in any chunks. */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { test } from 'tap';
import { readJpeg } from '../../../src/camera/http-body.ts';
import { encodeGradient, insertAfterSoi, segment } from '../../support/jpeg-bytes.ts';

const jpeg = Buffer.from(encodeGradient(16, 8));
const thumbnail = Buffer.from(insertAfterSoi(jpeg, segment(0xe1, jpeg)));
const twoThumbnails = Buffer.from(insertAfterSoi(thumbnail, segment(0xe2, jpeg)));
const maxBytes = 100_000;

/** A body in chunks that end at the given positions. */
function bodyOf(bytes: Buffer, cuts: readonly number[], error?: Error): IncomingMessage {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  const chunks = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
  const full = chunks.filter((chunk) => chunk.length > 0);
  return Readable.from(
    (function* () {
      yield* full;
      if (error !== undefined) throw error;
    })(),
  ) as IncomingMessage;
}

for (const [what, bytes, isDeclared, type] of [
  ['one JPEG', jpeg, false, 'complete'],
  ['one with a thumbnail', thumbnail, false, 'complete'],
  ['one with two thumbnails, declared as one image', twoThumbnails, true, 'complete'],
  ['one with padding', Buffer.concat([jpeg, Buffer.alloc(50)]), false, 'complete'],
  ['two', Buffer.concat([jpeg, jpeg]), false, 'multiple'],
  ['two, with padding between', Buffer.concat([jpeg, Buffer.alloc(9), jpeg]), false, 'multiple'],
  ['text', Buffer.from('<html>'), true, 'not jpeg'],
  ['two bytes', jpeg.subarray(0, 2), true, 'not jpeg'],
  ['nothing', Buffer.alloc(0), true, 'not jpeg'],
  ['too much', Buffer.concat([jpeg, Buffer.alloc(maxBytes)]), true, 'too large'],
] as const) {
  test(`${what} is ${type}, in any chunks`, async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 20 }), async (cuts) => {
        const body = await readJpeg(bodyOf(bytes, cuts), maxBytes, isDeclared);
        t.equal(body.type, type);
        if (body.type === 'complete') t.equal(Buffer.compare(body.bytes, bytes), 0);
      }),
      { numRuns: 50 },
    );
  });
}

test('a truncated body is reported with its error, and whether it started like a JPEG', async (t) => {
  const error = new Error('cut');
  t.strictSame(await readJpeg(bodyOf(jpeg, [], error), maxBytes, true), { type: 'truncated', isJpeg: true, error });
  t.match(await readJpeg(bodyOf(Buffer.alloc(0), [], error), maxBytes, true), { type: 'truncated', isJpeg: false });
});
