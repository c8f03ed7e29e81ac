/** Sessions that send nothing: they time out, and make room for others. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, idle, readiness } from '../support/vital-signs.ts';

const frame = encodeGradient(8, 8);

const gateway = await startGateway({
  STREAM_FIRST_FRAME_TIMEOUT_MS: '400',
  STREAM_IDLE_TIMEOUT_MS: '1200',
  STREAM_MAX_SESSIONS: '4',
});
tap.teardown(() => gateway.kill());

test('a session that never sends a frame ends with idle_timeout', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  t.equal(await client.closed(), 1008);
  t.strictSame(client.texts, ['{"error":"idle_timeout","detail":"No frame came for 0 s"}']);
});

test('after the first frame the limit is longer, and each frame restarts it', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  for (let i = 0; i < 5; i++) {
    await client.sendUntilStarted(frame);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  t.equal(await client.closed(), 1008);
  t.strictSame(client.texts.at(-1), '{"error":"idle_timeout","detail":"No frame came for 1 s"}');
});

test('at the limit, the session that has been idle longest makes room; active ones stay', async (t) => {
  const full = await startGateway({ STREAM_MAX_SESSIONS: '3' });
  t.teardown(() => full.kill());
  const [first, second, third] = await Promise.all([1, 2, 3].map(() => StreamClient.open(full.streamUrl('echo'))));
  const sends = setInterval(() => second?.send(frame), 100);
  t.teardown(() => clearInterval(sends));
  const refused = await StreamClient.open(full.streamUrl('echo'));
  t.equal(await refused.closed(), 1013, 'no session has been idle long enough yet');
  const newcomer = await eventually(
    async () => {
      const client = await StreamClient.open(full.streamUrl('echo'));
      return { client, reply: await client.sendUntilStarted(frame).catch(() => undefined) };
    },
    ({ reply }) => reply !== undefined,
    'a place',
  );
  t.match(newcomer.reply, { result: { slept: 0 } });
  const evicted = [first, third].filter((client) => client?.closeCode !== undefined);
  t.equal(evicted.length, 1);
  t.match(evicted[0]?.texts[0], /"error":"idle_timeout","detail":"Made room for another session after \d+ s/);
  t.equal(second?.closeCode, undefined);
  t.equal((await readiness(full)).pool.sessions, 3);
});

test('an address has a session limit, and its own idle sessions make room', async (t) => {
  const shared = await startGateway({ STREAM_MAX_SESSIONS_PER_ADDRESS: '1', TRUSTED_PROXIES: '127.0.0.0/8' });
  t.teardown(() => shared.kill());
  const from = (address: string) =>
    StreamClient.open(shared.streamUrl('echo'), { 'x-forwarded-for': `6.6.6.6, ${address}` });
  const first = await from('198.51.100.1');
  await first.sendUntilStarted(frame);
  const again = await from('198.51.100.1');
  t.equal(await again.closed(), 1013);
  t.match(again.replies, [{ error: 'server_busy' }]);
  const other = await from('198.51.100.2');
  t.match(await other.sendUntilStarted(frame), { result: { slept: 0 } });
  await first.close();
  const next = await eventually(
    async () => {
      const client = await from('198.51.100.1');
      return await client.sendUntilStarted(frame).catch(() => undefined);
    },
    (reply) => reply !== undefined,
    'the place of the first session',
  );
  t.ok(next);
});

test('no session is left', async (t) => {
  t.equal((await idle(gateway)).pool.sessions, 0);
});
