/** Frames that never end and threads that cannot be interrupted: answered in time, replaced, and let go. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodePicture } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, idle, readiness, threadCount } from '../support/vital-signs.ts';

const frame = encodePicture(64, 48);
const timedOut = '{"error":"pipeline_failure","detail":"Pipeline timed out"}';

// `stuck` blocks its thread for two seconds.
const gateway = await startGateway({ POOL_WORKERS: '2', STREAM_FRAME_TIMEOUT_MS: '500' });
tap.teardown(() => gateway.kill());

for (const [pipelineId, what] of [
  ['hanging', 'never settles'],
  ['stuck', 'blocks its thread for longer than a frame may take'],
] as const) {
  test(`a frame whose pipeline ${what} is answered, and the pool comes back to its size`, async (t) => {
    const client = await StreamClient.open(gateway.streamUrl(pipelineId));
    client.send(frame);
    t.equal(await client.closed(), 1011);
    t.strictSame(client.texts, [timedOut]);
    t.match(await idle(gateway), { status: 200, pool: { size: 2, ready: 2, timedOut: 0, inFlight: 0 } });
  });
}

test('a stuck thread counts as timed out until it comes back, while another one has taken its place', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('stuck'));
  client.send(frame);
  await client.closed();
  t.equal((await readiness(gateway)).pool.timedOut, 1);
  t.equal((await idle(gateway)).pool.timedOut, 0);
});

test('both workers hang at once: all their sessions are answered, and the next is served', async (t) => {
  const threads = threadCount(gateway);
  for (let round = 0; round < 3; round++) {
    const clients = await Promise.all(
      ['hanging', 'stuck'].map((pipelineId) => StreamClient.open(gateway.streamUrl(pipelineId))),
    );
    await Promise.all(clients.map((client) => client.sendUntilTaken(frame).catch(() => undefined)));
    for (const client of clients) {
      t.equal(await client.closed(), 1011);
      t.equal(client.texts.at(-1), timedOut);
    }
    const next = await StreamClient.open(gateway.streamUrl('echo'));
    t.match(await next.sendUntilTaken(frame), { result: { width: 64 } });
    await next.close();
  }
  t.match(await idle(gateway), { pool: { size: 2, ready: 2, timedOut: 0 } });
  t.ok(threadCount(gateway) - threads <= 2, `${threads} threads before, ${threadCount(gateway)} after`);
});

test('a session beside a stuck one is served all the time', async (t) => {
  const stuck = await StreamClient.open(gateway.streamUrl('stuck'));
  const other = await StreamClient.open(gateway.streamUrl('echo'));
  stuck.send(frame);
  let served = 0;
  while (stuck.closeCode === undefined) {
    t.match(await other.sendUntilTaken(frame), { result: { width: 64 } });
    served += 1;
  }
  t.ok(served > 1);
  t.equal(other.closeCode, undefined);
  await other.close();
});

test('one frame after the other that gets stuck does not grow the number of threads without end', async (t) => {
  await idle(gateway);
  const threads = threadCount(gateway);
  let most = 0;
  let stuck = 0;
  const stick = async () => {
    while (stuck < 8) {
      stuck += 1;
      const client = await StreamClient.open(gateway.streamUrl('stuck'));
      await client.sendUntilTaken(frame).catch(() => undefined);
      await client.closed();
      most = Math.max(most, threadCount(gateway));
    }
  };
  await Promise.all([stick(), stick(), stick()]);
  // At most two serve and two more wait for their threads; each has its own few helper threads at the most.
  t.ok(most - threads <= 6, `${threads} threads before, ${most} at most`);
  const back = await eventually(
    () => readiness(gateway),
    ({ pool }) => pool.timedOut === 0 && pool.ready === pool.size,
    'all threads back',
  );
  t.equal(back.status, 200);
  t.notMatch(gateway.log(), /handler threw|uncaught/i);
});
