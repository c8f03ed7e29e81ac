/** `frame_too_large`: the limit in bytes, its label in the error, and messages far above it. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { paddedImage } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { idle } from '../support/vital-signs.ts';

const megabyte = 1_048_576;

/** SOI and EOI without an image between them. */
function frameOf(byteLength: number): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  bytes.set([0xff, 0xd8]);
  bytes.set([0xff, 0xd9], byteLength - 2);
  return bytes;
}

const byDefault = await startGateway({ POOL_WORKERS: '1' });
tap.teardown(() => byDefault.kill());
const fractional = await startGateway({ POOL_WORKERS: '1', STREAM_MAX_FRAME_SIZE_MB: '0.25' });
tap.teardown(() => fractional.kill());

test('6 MB from SOI to EOI get frame_too_large and 1009', async (t) => {
  const client = await StreamClient.open(byDefault.streamUrl('echo'));
  client.send(frameOf(6 * megabyte));
  t.equal(await client.closed(), 1009);
  t.strictSame(client.texts, ['{"error":"frame_too_large","detail":"Frame exceeds 5MB"}']);
});

test('size is checked first, so large garbage is too large as well', async (t) => {
  const client = await StreamClient.open(byDefault.streamUrl('echo'));
  client.send(new Uint8Array(5 * megabyte + 1));
  t.equal(await client.closed(), 1009);
  t.strictSame(client.texts, ['{"error":"frame_too_large","detail":"Frame exceeds 5MB"}']);
});

test('with a fractional limit, exactly that many bytes are valid, one more is not, and the error names the limit', async (t) => {
  const limit = 0.25 * megabyte;
  const client = await StreamClient.open(fractional.streamUrl('echo'));
  const exact = paddedImage(limit);
  t.equal(exact.length, limit);
  t.match(await client.sendUntilStarted(exact), { frame_index: 0, result: { width: 64, height: 48 } });
  client.send(paddedImage(limit + 1));
  t.equal(await client.closed(), 1009);
  t.strictSame(client.texts.slice(1), ['{"error":"frame_too_large","detail":"Frame exceeds 0.25MB"}']);
});

test('a message of exactly the hard cap still gets a JSON error', async (t) => {
  const client = await StreamClient.open(fractional.streamUrl('echo'));
  client.send(new Uint8Array(1.25 * 0.25 * megabyte));
  t.equal(await client.closed(), 1009);
  t.strictSame(client.texts, ['{"error":"frame_too_large","detail":"Frame exceeds 0.25MB"}']);
});

test('a message above the hard cap is cut without an error message', async (t) => {
  const client = await StreamClient.open(fractional.streamUrl('echo'));
  client.send(new Uint8Array(1.25 * 0.25 * megabyte + 1));
  t.equal(await client.closed(), 1006);
  t.strictSame(client.texts, []);
});

test('a fragmented message is cut when it exceeds the hard cap', async (t) => {
  const client = await StreamClient.open(fractional.streamUrl('echo'));
  for (let i = 0; i < 17; i++) client.socket.send(new Uint8Array(20_000), { fin: i === 16 });
  t.equal(await client.closed(), 1006);
  t.strictSame(client.texts, []);
});

test('large messages leak no sessions or memory', async (t) => {
  t.equal((await idle(byDefault)).pool.sessions, 0);
  t.equal((await idle(fractional)).pool.sessions, 0);
});
