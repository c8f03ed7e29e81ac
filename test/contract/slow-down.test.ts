/** `slow_down`: sent when the drop rate becomes high, repeated at most once per second, and ended when the rate falls. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';

const frame = encodeGradient(8, 8);

const gateway = await startGateway({ POOL_WORKERS: '1', STREAM_DROP_WINDOW_MS: '500' });
tap.teardown(() => gateway.kill());

/** Sends a frame every few milliseconds until `done`. @returns how long it took. */
async function sendUntil(client: StreamClient, done: () => boolean): Promise<number> {
  const startedAtMs = performance.now();
  const timer = setInterval(() => client.send(frame), 10);
  await client.until(done);
  clearInterval(timer);
  // All replies are received before the clock is read, so that the time is never too short.
  await client.settled();
  return performance.now() - startedAtMs;
}

test('while the rate stays high, slow_down is repeated at most once a second', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('slow'));
  t.teardown(() => client.close());
  const tookMs = await sendUntil(client, () => client.with('warning').length >= 3);
  t.ok(client.with('warning').length <= 1 + tookMs / 1000, `${client.with('warning').length} in ${tookMs} ms`);
  for (const warning of client.with('warning')) t.strictSame(warning, { warning: 'slow_down' });
  const first = client.replies.findIndex((reply) => 'warning' in reply);
  t.ok(first >= 4, 'not before five frames were sent');
});

test('a session that slows down gets no further slow_down until it speeds up again', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('slow'));
  t.teardown(() => client.close());
  await sendUntil(client, () => client.with('warning').length > 0);
  // Ten frames of 100 ms, one after the other: afterwards the burst has left the window, on any machine.
  for (let i = 0; i < 10; i++) await client.sendUntilStarted(frame);
  const warnings = client.with('warning').length;
  const dropped = client.with('dropped').length;
  for (let i = 0; i < 10; i++) await client.sendUntilStarted(frame);
  t.equal(client.with('warning').length, warnings, 'no more slow_down');
  t.equal(client.with('dropped').length, dropped, 'and no dropped');
  await sendUntil(client, () => client.with('warning').length > warnings);
  t.ok(client.with('warning').length > warnings);
});

test('slow_down is per session: a slow sender is not affected by a fast one', async (t) => {
  const hasty = await StreamClient.open(gateway.streamUrl('slow'));
  t.teardown(() => hasty.close());
  const calm = await StreamClient.open(gateway.streamUrl('echo'));
  t.teardown(() => calm.close());
  const said = sendUntil(hasty, () => hasty.with('warning').length >= 2);
  // With fewer than five frames in the window, no rate is computed.
  calm.send(frame);
  calm.send(frame);
  await said;
  t.same(calm.with('warning'), []);
});

test('a threshold of 1 disables slow_down', async (t) => {
  const never = await startGateway({ POOL_WORKERS: '1', STREAM_SLOWDOWN_THRESHOLD: '1' });
  t.teardown(() => never.kill());
  const client = await StreamClient.open(never.streamUrl('slow'));
  for (let i = 0; i < 100; i++) client.send(frame);
  await client.until(() => client.with('result').length + client.with('dropped').length === 100);
  await client.settled();
  t.ok(client.with('dropped').length > 50);
  t.same(client.with('warning'), []);
  await client.close();
});
