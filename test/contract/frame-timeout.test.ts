/** Frames that never finish and threads that cannot be interrupted: they time out and their workers are replaced. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, idle, readiness, threadCount } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);
const timedOut = '{"error":"pipeline_failure","detail":"Pipeline timed out"}';

// `stuck` blocks its thread for two seconds.
const gateway = await startGateway({ POOL_WORKERS: '2', STREAM_FRAME_TIMEOUT_MS: '500' });
tap.teardown(() => gateway.kill());

for (const [pipelineId, what] of [
  ['hanging', 'never settles'],
  ['stuck', 'blocks its thread beyond the frame timeout'],
] as const) {
  test(`a frame whose pipeline ${what} times out, and the pool recovers its size`, async (t) => {
    const client = await StreamClient.open(gateway.streamUrl(pipelineId));
    client.send(frame);
    t.equal(await client.closed(), 1011);
    t.strictSame(client.texts, [timedOut]);
    t.match(await idle(gateway), { status: 200, pool: { size: 2, ready: 2, timedOut: 0, inFlight: 0 } });
  });
}

test('a stuck thread counts as timed out until it finishes, while a replacement is running', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('stuck'));
  client.send(frame);
  await client.closed();
  t.equal((await readiness(gateway)).pool.timedOut, 1);
  t.equal((await idle(gateway)).pool.timedOut, 0);
});

test('if both workers hang, all their sessions get replies, and the next one is served', async (t) => {
  const threads = threadCount(gateway);
  for (let round = 0; round < 3; round++) {
    const clients = await Promise.all(
      ['hanging', 'stuck'].map((pipelineId) => StreamClient.open(gateway.streamUrl(pipelineId))),
    );
    await Promise.all(clients.map((client) => client.sendUntilStarted(frame).catch(() => undefined)));
    for (const client of clients) {
      t.equal(await client.closed(), 1011);
      t.equal(client.texts.at(-1), timedOut);
    }
    const next = await StreamClient.open(gateway.streamUrl('echo'));
    t.match(await next.sendUntilStarted(frame), { result: { width: 64 } });
    await next.close();
  }
  t.match(await idle(gateway), { pool: { size: 2, ready: 2, timedOut: 0 } });
  t.ok(threadCount(gateway) - threads <= 2, `${threads} threads before, ${threadCount(gateway)} after`);
});

test('a session is served while another one is stuck', async (t) => {
  const stuck = await StreamClient.open(gateway.streamUrl('stuck'));
  const other = await StreamClient.open(gateway.streamUrl('echo'));
  stuck.send(frame);
  let served = 0;
  while (stuck.closeCode === undefined) {
    t.match(await other.sendUntilStarted(frame), { result: { width: 64 } });
    served += 1;
  }
  t.ok(served > 1);
  t.equal(other.closeCode, undefined);
  await other.close();
});

test('repeated stuck frames do not increase the number of threads without limit', async (t) => {
  await idle(gateway);
  const threads = threadCount(gateway);
  let most = 0;
  let stuck = 0;
  const stick = async () => {
    while (stuck < 8) {
      stuck += 1;
      const client = await StreamClient.open(gateway.streamUrl('stuck'));
      await client.sendUntilStarted(frame).catch(() => undefined);
      await client.closed();
      most = Math.max(most, threadCount(gateway));
    }
  };
  await Promise.all([stick(), stick(), stick()]);
  // At most two serve and two more are stuck; each has a few helper threads of its own.
  t.ok(most - threads <= 6, `${threads} threads before, ${most} at most`);
  const back = await eventually(
    () => readiness(gateway),
    ({ pool }) => pool.timedOut === 0 && pool.ready === pool.size,
    'all threads to finish',
  );
  t.equal(back.status, 200);
  t.notMatch(gateway.log(), /unexpected_error|uncaught/i);
});
