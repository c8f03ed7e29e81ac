/** Only a JPEG within the limits is a valid frame, and each rejection gives its reason. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { type FrameCheck, type FrameLimits, validateJpeg } from '../../../src/session/frame-validator.ts';
import {
  appendZeros,
  decodableHeaders,
  encodeGradient,
  eoi,
  headerOnly,
  insertAfterSoi,
  legalSegments,
  sof2,
} from '../../support/jpeg-bytes.ts';

const limits: FrameLimits = { maxFrameBytes: 5 * 1_048_576, maxFrameLabel: '5MB', maxPixels: 16_777_216 };

function refusal(detail: string): FrameCheck {
  return { ok: false, code: 'invalid_frame', detail };
}

test('a real file is valid, with its size', async (t) => {
  t.same(validateJpeg(encodeGradient(320, 240), limits), { ok: true, width: 320, height: 240 });
});

test('progressive and gray files are valid', async (t) => {
  t.equal(validateJpeg(headerOnly({ width: 8, height: 8, code: sof2 }), limits).ok, true);
  t.equal(validateJpeg(headerOnly({ width: 8, height: 8, components: 1 }), limits).ok, true);
});

test('an empty message and one that is not a JPEG are rejected alike', async (t) => {
  t.same(validateJpeg(new Uint8Array(0), limits), refusal('Not a valid JPEG image: no SOI; the file is empty'));
  t.same(validateJpeg(Uint8Array.from([1, 2, 3]), limits), refusal('Not a valid JPEG image: no SOI'));
});

test('a message of exactly the limit is valid, and one byte more is too large', async (t) => {
  const jpeg = headerOnly({ width: 8, height: 8 });
  const tight = { ...limits, maxFrameBytes: jpeg.length, maxFrameLabel: '0.5MB' };
  t.equal(validateJpeg(jpeg, tight).ok, true);
  t.same(validateJpeg(appendZeros(jpeg, 1), tight), {
    ok: false,
    code: 'frame_too_large',
    detail: 'Frame exceeds 0.5MB',
  });
});

test('a message that is too large and not a JPEG is too large', async (t) => {
  t.match(validateJpeg(new Uint8Array(11), { ...limits, maxFrameBytes: 10 }), { code: 'frame_too_large' });
});

test('exactly the maximum number of pixels is valid, and one row more is not', async (t) => {
  const tight = { ...limits, maxPixels: 640 * 480 };
  t.equal(validateJpeg(headerOnly({ width: 640, height: 480 }), tight).ok, true);
  t.same(
    validateJpeg(headerOnly({ width: 640, height: 481 }), tight),
    refusal('Not a valid JPEG image: 640x481 exceeds 307200 pixels'),
  );
});

test('the size that crashes jpeg-turbo is rejected from the header alone', async (t) => {
  t.same(
    validateJpeg(headerOnly({ width: 43_715, height: 65_500 }), limits),
    refusal('Not a valid JPEG image: 43715x65500 exceeds 16777216 pixels'),
  );
});

test('an image without rows or columns is rejected', async (t) => {
  t.same(validateJpeg(headerOnly({ width: 0, height: 8 }), limits), refusal('Not a valid JPEG image: 0x8 pixels'));
  t.same(validateJpeg(headerOnly({ width: 8, height: 0 }), limits), refusal('Not a valid JPEG image: 8x0 pixels'));
});

test('only one or three components are valid', async (t) => {
  for (const components of [0, 2, 4, 5]) {
    t.same(
      validateJpeg(headerOnly({ width: 8, height: 8, components }), limits),
      refusal(`Not a valid JPEG image: ${components} color components`),
    );
  }
});

test('only eight bits per sample are valid', async (t) => {
  t.same(
    validateJpeg(headerOnly({ width: 8, height: 8, bitsPerSample: 12 }), limits),
    refusal('Not a valid JPEG image: 12 bits a sample'),
  );
});

test('any bytes get a verdict, and nothing above the limits is valid', async () => {
  const tight = { maxFrameBytes: 4096, maxFrameLabel: '4KB', maxPixels: 1_000_000 };
  const anyBytes = fc.uint8Array({ maxLength: 5000 });
  const nearlyJpeg = fc
    .tuple(decodableHeaders, legalSegments, fc.nat({ max: 3000 }))
    .map(([parts, segments, zeros]) => appendZeros(insertAfterSoi(headerOnly(parts), segments), zeros));
  fc.assert(
    fc.property(fc.oneof(anyBytes, nearlyJpeg), (bytes) => {
      const check = validateJpeg(bytes, tight);
      if (!check.ok) return;
      assert.ok(bytes.length <= tight.maxFrameBytes);
      assert.ok(check.width * check.height <= tight.maxPixels && check.width > 0 && check.height > 0);
      assert.deepEqual([...bytes.subarray(0, 2)], [0xff, 0xd8]);
      assert.ok(Buffer.from(bytes).lastIndexOf(Uint8Array.from(eoi)) > 0);
    }),
    { numRuns: 300 },
  );
});

test('changing any byte of a file yields a verdict within the limits', async () => {
  const jpeg = encodeGradient(16, 16);
  fc.assert(
    fc.property(fc.nat({ max: jpeg.length - 1 }), fc.nat({ max: 255 }), (at, value) => {
      const changed = jpeg.slice();
      changed[at] = value;
      const check = validateJpeg(changed, { ...limits, maxPixels: 256 });
      if (check.ok) assert.ok(check.width * check.height <= 256);
      else assert.equal(check.code, 'invalid_frame');
    }),
    { numRuns: 400 },
  );
});

test('a file cut anywhere is rejected', async (t) => {
  const jpeg = encodeGradient(16, 16);
  for (let length = 0; length < jpeg.length; length++) {
    if (validateJpeg(jpeg.subarray(0, length), limits).ok) t.fail(`accepted the first ${length} bytes`);
  }
  t.equal(validateJpeg(jpeg, limits).ok, true);
});

test('the bytes are not modified', async (t) => {
  const jpeg = encodeGradient(16, 16);
  const before = jpeg.slice();
  validateJpeg(jpeg, limits);
  t.same(jpeg, before);
});
