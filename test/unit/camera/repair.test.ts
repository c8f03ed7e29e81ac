/** A camera's JPEG is repaired so that every gateway accepts it, or rejected with a reason. */
import { test } from 'tap';
import { repairJpeg } from '../../../src/camera/repair.ts';
import { encodeGradient, eoi, insertAfterSoi, segment } from '../../support/jpeg-bytes.ts';

const whole = Buffer.from(encodeGradient(32, 16));

test('a complete JPEG is returned unchanged, without a copy', async (t) => {
  const { bytes, repair } = repairJpeg(whole) as Extract<ReturnType<typeof repairJpeg>, { ok: true }>;
  t.equal(bytes, whole);
  t.equal(repair, undefined);
});

test('bytes after EOI are removed', async (t) => {
  for (const tail of ['\r\n', 'dhav\x01\x02\x03\x04', '\0'.repeat(4096), '\xff\xd9 more']) {
    const jpeg = Buffer.concat([whole, Buffer.from(tail, 'latin1')]);
    t.same(repairJpeg(jpeg), { ok: true, bytes: whole, repair: 'bytes after EOI' }, JSON.stringify(tail.slice(0, 9)));
  }
});

test('a missing EOI is added, even if a thumbnail has one', async (t) => {
  t.same(repairJpeg(whole.subarray(0, -2)), { ok: true, bytes: whole, repair: 'no EOI' });
  const withThumbnail = Buffer.from(insertAfterSoi(whole, segment(0xe1, [1, 2, ...eoi, 3])));
  t.same(repairJpeg(withThumbnail.subarray(0, -2)), { ok: true, bytes: withThumbnail, repair: 'no EOI' });
});

test('data that is not a JPEG is rejected with a reason', async (t) => {
  t.same(repairJpeg(Buffer.alloc(0)), { ok: false, reason: 'no SOI; the file is empty' });
  t.same(repairJpeg(whole.subarray(2)), { ok: false, reason: 'no SOI' });
  t.same(repairJpeg(whole.subarray(0, 30)), { ok: false, reason: 'truncated header' });
});
