/** `server_busy`: at most STREAM_MAX_SESSIONS sessions, and a place becomes free as soon as one ends. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, readiness } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);
const busy = '{"error":"server_busy","detail":"Too many sessions"}';

const gateway = await startGateway({ POOL_WORKERS: '1', STREAM_MAX_SESSIONS: '1' });
tap.teardown(() => gateway.kill());

function sessionsGone(): Promise<unknown> {
  return eventually(
    () => readiness(gateway),
    ({ pool }) => pool.sessions === 0,
    'no session',
  );
}

async function refused(): Promise<[texts: string[], closeCode: number]> {
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  const code = await client.closed();
  return [client.texts, code];
}

test('the session above the limit gets server_busy and 1013, and the existing one is not affected', async (t) => {
  const inside = await StreamClient.open(gateway.streamUrl('echo'));
  await inside.sendUntilStarted(frame);
  for (let i = 0; i < 5; i++) t.strictSame(await refused(), [[busy], 1013]);
  t.match(await inside.sendUntilStarted(frame), { frame_index: 1 });
  await inside.close();
  await sessionsGone();
});

for (const [what, leave] of [
  ['closes', (client: StreamClient) => client.socket.close()],
  ['vanishes', (client: StreamClient) => client.socket.terminate()],
  ['ends with an error', (client: StreamClient) => client.send('text')],
] as const) {
  test(`a place becomes free when a client ${what}`, async (t) => {
    const inside = await StreamClient.open(gateway.streamUrl('echo'));
    await inside.sendUntilStarted(frame);
    t.strictSame(await refused(), [[busy], 1013]);
    leave(inside);
    await sessionsGone();
    const next = await StreamClient.open(gateway.streamUrl('echo'));
    t.match(await next.sendUntilStarted(frame), { frame_index: 0, result: { width: 64 } });
    await next.close();
    await sessionsGone();
  });
}

test('refused clients do not use a place', async (t) => {
  for (let i = 0; i < 20; i++) await (await StreamClient.open(gateway.streamUrl('no-such'))).closed();
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  t.match(await client.sendUntilStarted(frame), { frame_index: 0 });
  await client.close();
});
