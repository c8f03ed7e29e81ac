/** Files designed to cost more than their size: endless scans, and headers that two parsers read differently. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient, eoi, frameHeader, segment, soi } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { idle } from '../support/vital-signs.ts';

const image = encodeGradient(64, 48);
const side = 4096;

// Long enough for any legitimate 16-megapixel frame on a busy machine, and short compared to what these files need.
const gateway = await startGateway({ POOL_WORKERS: '2', STREAM_FRAME_TIMEOUT_MS: '5000' });
tap.teardown(() => gateway.kill());

/** The segments of a real file that a decoder needs besides the frame header: its tables. */
function tables(): number[] {
  const kept: number[] = [];
  for (let at = 2; image[at + 1] !== 0xda; ) {
    const length = 2 + (((image[at + 2] ?? 0) << 8) | (image[at + 3] ?? 0));
    if (image[at + 1] !== 0xc0) kept.push(...image.subarray(at, at + length));
    at += length;
  }
  return kept;
}

/** A small file with the maximum number of pixels whose data a decoder processes `count` times. */
function scansOverAllPixels(sofCode: number, scan: readonly number[], count: number): Uint8Array {
  const head = [...soi, ...tables(), ...frameHeader({ width: side, height: side, code: sofCode })];
  const bytes = new Uint8Array(head.length + scan.length * count + eoi.length);
  bytes.set(head);
  for (let i = 0; i < count; i++) bytes.set(scan, head.length + i * scan.length);
  bytes.set(eoi, bytes.length - eoi.length);
  return bytes;
}

const wholeBlockScan = segment(0xda, [1, 1, 0, 0, 63, 0]);
const firstCoefficientScan = segment(0xda, [1, 1, 0, 0, 0, 0]);

const hostile: [what: string, bytes: Uint8Array][] = [
  ['a progressive file', scansOverAllPixels(0xc2, firstCoefficientScan, 20_000)],
  ['a progressive file with arithmetic coding', scansOverAllPixels(0xca, firstCoefficientScan, 20_000)],
  ['a baseline file', scansOverAllPixels(0xc0, wholeBlockScan, 20_000)],
  ['a sequential file with arithmetic coding', scansOverAllPixels(0xc9, wholeBlockScan, 20_000)],
];

for (const [what, bytes] of hostile) {
  test(`${what} of 20,000 scans is rejected instead of being decoded until it times out`, async (t) => {
    const client = await StreamClient.open(gateway.streamUrl('echo'));
    await client.sendUntilStarted(bytes).catch(() => undefined);
    t.equal(await client.closed(), 1007);
    t.match(client.replies.at(-1), { error: 'invalid_frame', detail: /^Not a valid JPEG image: ./ });
  });
}

test('a marker without a length field cannot hide a larger frame header from the check', async (t) => {
  // TEM (FF 01) has no length. A parser that reads one skips the real header and finds a second, harmless one.
  const hidden = frameHeader({ width: 2000, height: 2000 });
  const jump = 2 + ((hidden[0] ?? 0) << 8) + (hidden[1] ?? 0);
  const bytes = new Uint8Array(4 + jump + 100);
  bytes.set([...soi, 0xff, 0x01, ...hidden, ...tables()]);
  bytes.set(frameHeader({ width: 64, height: 48 }), 2 + 2 + jump - 2);
  bytes.set(eoi, bytes.length - eoi.length);
  const strict = await startGateway({ POOL_WORKERS: '1', STREAM_MAX_PIXELS: '1' });
  t.teardown(() => strict.kill());
  const client = await StreamClient.open(strict.streamUrl('echo'));
  client.send(bytes);
  t.equal(await client.closed(), 1007);
  t.notMatch(client.texts[0], /64x48/, 'the harmless header was not used');
});

test('no thread is busy with these files afterwards', async (t) => {
  t.match(await idle(gateway), { pool: { size: 2, ready: 2, timedOut: 0 } });
  t.notMatch(gateway.log(), /frame_timeout|worker_exit/);
});
