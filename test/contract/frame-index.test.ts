/** `frame_index`: every frame of a session gets exactly one reply, results in order, under any load. */
import tap, { type Test, test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { type Reply, StreamClient } from '../support/stream-client.ts';

const frames = 1000;

const gateway = await startGateway({ POOL_WORKERS: '2' });
tap.teardown(() => gateway.kill());

function indicesOf(replies: readonly Reply[]): number[] {
  return replies.map((reply) => reply['frame_index'] as number);
}

function isAnswered(client: StreamClient, count: number): boolean {
  return client.with('result').length + client.with('dropped').length >= count;
}

/** Checks the replies to frames 0 to `count` - 1. */
function checkAnswers(t: Test, client: StreamClient, count: number): void {
  const results = indicesOf(client.with('result'));
  const dropped = indicesOf(client.with('dropped'));
  const expected = Array.from({ length: count }, (_, index) => index);
  const byNumber = (a: number, b: number) => a - b;
  t.strictSame([...results, ...dropped].sort(byNumber), expected, 'exactly one reply per index');
  t.strictSame(results, [...results].sort(byNumber), 'results are in order');
  t.strictSame(dropped, [...dropped].sort(byNumber), 'drops are in order');
  t.strictSame(client.with('error'), []);
}

test(`${frames} frames in one burst`, async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('slow'));
  t.teardown(() => client.close());
  const frame = encodeGradient(8, 8);
  for (let i = 0; i < frames; i++) client.send(frame);
  await client.until(() => isAnswered(client, frames));
  await client.settled();
  checkAnswers(t, client, frames);
  t.ok(client.with('result').length >= 2, 'at least one frame per worker was started');
  t.ok(client.with('dropped').length > frames / 2, 'most were dropped');
});

test(`${frames} frames at ten times the capacity of the pool, finishing out of order`, async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('by_width'));
  t.teardown(() => client.close());
  // 4 to 36 ms each: two workers run about 100 per second, and a later frame often finishes before an earlier one.
  const sizes = [36, 4, 28, 8, 32, 12, 20].map((width) => encodeGradient(width, 8));
  let sent = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      for (let i = 0; i < 10; i++, sent++) client.send(sizes[sent % sizes.length] as Uint8Array);
      if (sent < frames) return;
      clearInterval(timer);
      resolve();
    }, 10);
  });
  await client.until(() => isAnswered(client, frames));
  await client.settled();
  checkAnswers(t, client, frames);
  t.ok(client.with('result').length > 10);
  t.ok(client.with('dropped').length > 10);
});

test('a frame that finishes early waits for the result of the previous one', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('by_width'));
  t.teardown(() => client.close());
  const [wide, narrow] = [encodeGradient(400, 8), encodeGradient(1, 8)];
  await client.settled();
  client.send(wide);
  client.send(narrow);
  await client.until(() => client.with('result').length === 2);
  t.match(client.replies, [
    { frame_index: 0, result: { width: 400 } },
    { frame_index: 1, result: { width: 1 } },
  ]);
});

test('three concurrent sessions are numbered and get replies independently', async (t) => {
  const frame = encodeGradient(8, 8);
  const clients = await Promise.all(['slow', 'echo', 'by_width'].map((id) => StreamClient.open(gateway.streamUrl(id))));
  t.teardown(() => Promise.all(clients.map((client) => client.close())));
  for (let i = 0; i < 200; i++) {
    for (const client of clients) client.send(frame);
    if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  for (const client of clients) {
    await client.until(() => isAnswered(client, 200));
    await client.settled();
    checkAnswers(t, client, 200);
  }
});
