/** The three messages that leave a session open: `result`, `dropped`, `warning`. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';

const frame = encodeGradient(64, 48);

// One worker, so that only the first frame of a burst finds a free one.
const gateway = await startGateway({ POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

test('a frame gets one result with its index, and nothing else', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  t.teardown(() => client.close());
  await client.settled();
  t.same(client.texts, [], 'nothing is sent before the first frame');
  client.send(frame);
  await client.until(() => client.texts.length > 0);
  await client.settled();
  t.equal(client.texts.length, 1);
  t.match(client.texts[0], /^\{"frame_index":0,"result":\{.*\}\}$/);
  const [reply] = client.replies as [{ result: { timings_ms: Record<string, number> } }];
  const { timings_ms: timings, ...rest } = reply.result;
  t.strictSame(rest, { width: 64, height: 48, slept: 0 });
  t.strictSame(Object.keys(timings).sort(), ['decode', 'only', 'total']);
  for (const [name, ms] of Object.entries(timings)) t.ok(ms >= 0 && Number.isFinite(ms), `${name} is a time`);
  t.equal(client.closeCode, undefined, 'the session stays open');
});

test('a displaced frame gets `dropped` before the result of the started frame', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('slow'));
  t.teardown(() => client.close());
  client.send(frame);
  client.send(frame);
  client.send(frame);
  await client.until(() => client.texts.length === 3);
  await client.settled();
  t.strictSame(client.texts.slice(0, 2), ['{"frame_index":1,"dropped":true}', '{"frame_index":2,"dropped":true}']);
  t.match(client.texts[2], /^\{"frame_index":0,"result":\{"width":64,.*\}\}$/);
  t.equal(client.texts.length, 3);
  t.equal((await client.sendUntilStarted(frame))['frame_index'], 3, 'the session continues with the next index');
});

test('a high drop rate triggers exactly one `slow_down`, and the session stays open', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('slow'));
  t.teardown(() => client.close());
  // A rate is only computed from the fifth reply on.
  for (let i = 0; i < 6; i++) client.send(frame);
  await client.until(() => client.with('result').length === 1);
  await client.settled();
  const dropped = [1, 2, 3, 4, 5].map((index) => `{"frame_index":${index},"dropped":true}`);
  t.strictSame(client.texts.slice(0, -1), [...dropped, '{"warning":"slow_down"}']);
  t.equal(client.closeCode, undefined, 'the session stays open');
});

test('every message is one JSON object with exactly one of the four keys', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('slow'));
  for (let i = 0; i < 20; i++) client.send(frame);
  await client.until(() => client.with('result').length === 1);
  client.send('an end with an error');
  await client.closed();
  for (const reply of client.replies) {
    const kinds = ['result', 'dropped', 'warning', 'error'].filter((key) => key in reply);
    t.equal(kinds.length, 1, JSON.stringify(reply).slice(0, 80));
  }
  t.equal(client.with('dropped').length, 19);
  t.equal(client.with('error').length, 1);
});
