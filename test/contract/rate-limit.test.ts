/** Frame rate per address: sessions above their share end, others of the same address do not. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { clientFrame, opcode, RawClient, upgradeRequest } from '../support/raw-client.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, readiness } from '../support/vital-signs.ts';

const frame = encodeGradient(8, 8);
const gateway = await startGateway({ STREAM_MAX_FRAMES_PER_SECOND: '100', TRUSTED_PROXIES: '127.0.0.1' });
tap.teardown(() => gateway.kill());

const from = (address: string) => StreamClient.open(gateway.streamUrl('echo'), { 'x-forwarded-for': address });

test('a flooding session ends with rate_limited; other sessions of its address and other addresses continue', async (t) => {
  const good = await from('198.51.100.1');
  const neighbor = await from('198.51.100.2');
  const bad = await from('198.51.100.1');
  await good.sendUntilStarted(frame);
  for (let i = 0; i < 400 && bad.closeCode === undefined; i++) bad.send(frame);
  t.equal(await bad.closed(), 1008);
  t.strictSame(bad.texts.at(-1), '{"error":"rate_limited","detail":"Too many frames from this address"}');
  const answeredIndices = bad.replies.filter((reply) => 'frame_index' in reply).map((reply) => reply['frame_index']);
  t.equal(new Set(answeredIndices).size, answeredIndices.length, 'at most one reply per index');
  t.match(await good.sendUntilStarted(frame), { result: { slept: 0 } });
  t.match(await neighbor.sendUntilStarted(frame), { result: { slept: 0 } });
  await good.close();
  await neighbor.close();
});

test('pings count like frames, and a peer that continues after the end is cut', async (t) => {
  const bad = await RawClient.open(gateway, 'echo');
  const ping = clientFrame(opcode.ping, new Uint8Array(0));
  for (let i = 0; i < 1000 && !bad.socket.closed; i++) {
    bad.socket.write(Buffer.concat(Array.from({ length: 100 }, () => ping)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await bad.closed();
  t.match(gateway.log(), /"code":"rate_limited"/);
});

test('an address that opens too many connections gets 429, and is served again later', async (t) => {
  const codes = new Set<string>();
  for (let i = 0; i < 60; i++) {
    const client = await RawClient.connect(gateway);
    client.socket.write(upgradeRequest('echo').replace('Host: ', 'X-Forwarded-For: 198.51.100.3\r\nHost: '));
    while (!client.text().includes('\r\n\r\n')) await client.more();
    codes.add(client.text().slice(9, 12));
    if (client.text().startsWith('HTTP/1.1 429')) {
      await client.closed();
      t.match(client.text(), /Retry-After: 1\r\n/);
      t.match(
        client.text(),
        /\{"error":"too_many_requests","detail":"Too many connections and frames from this address"\}$/,
      );
      break;
    }
    client.socket.destroy();
  }
  t.strictSame([...codes], ['101', '429']);
  const client = await from('198.51.100.4');
  t.match(await client.sendUntilStarted(frame), { result: { slept: 0 } });
  await client.close();
});

test('single frames over HTTP count as well', async (t) => {
  const post = () =>
    fetch(`${gateway.httpUrl}/frames?pipeline_id=echo`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg', 'x-forwarded-for': '198.51.100.5' },
      body: new Uint8Array(frame),
    });
  const statuses = new Set<number>();
  for (let i = 0; i < 20; i++) {
    for (const response of await Promise.all(Array.from({ length: 40 }, post))) {
      statuses.add(response.status);
      await response.text();
    }
    if (statuses.has(429)) break;
  }
  t.ok(statuses.has(200));
  t.ok(statuses.has(429));
});

test('nothing was leaked', async (t) => {
  await eventually(
    () => readiness(gateway),
    ({ pool }) => pool.inFlight + pool.held === 0,
    'no frame in work',
  );
  t.notMatch(gateway.log(), /unexpected_error/);
});
