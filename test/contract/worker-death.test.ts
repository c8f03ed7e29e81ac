/** Threads that die and clients that disconnect in the middle of a frame leak nothing in a long-lived process. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, idle, openFileCount, readiness, threadCount } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);
/** Each session loses two workers. */
const deaths = 25;
const vanishing = 100;

/** libuv and V8 open helper threads and files on demand; a leak of one per death would be 50. */
const tolerance = 6;

const gateway = await startGateway({ POOL_WORKERS: '2' });
tap.teardown(() => gateway.kill());

test('warm up, so that the following counts do not include first use', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('dying'));
  await client.sendUntilStarted(frame).catch(() => undefined);
  t.equal(await client.closed(), 1011);
  t.match(await idle(gateway), { ready: true });
});

test('a frame that loses its worker is dropped, and its session continues', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('dying'));
  client.send(frame);
  await client.until(() => client.texts.length > 0);
  t.strictSame(client.texts, ['{"frame_index":0,"dropped":true}']);
  t.equal(client.closeCode, undefined);
  await client.close();
  await idle(gateway);
});

test('while one of two workers is missing, the gateway is ready and degraded', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('dying'));
  client.send(frame);
  const seen = await eventually(
    () => readiness(gateway),
    ({ pool }) => pool.ready === 1,
    'one worker',
  );
  t.match(seen, { status: 200, ready: true, degraded: true, pool: { size: 2, ready: 1 } });
  await client.close();
  t.match(await idle(gateway), { degraded: false });
});

test(`after ${deaths} sessions whose frames kill their workers, pool size and thread count are unchanged`, async (t) => {
  const before = { threads: threadCount(gateway), files: openFileCount(gateway) };
  const bystander = await StreamClient.open(gateway.streamUrl('echo'));
  let died = 0;
  // Two at once, so that sometimes no worker is left.
  const kill = async () => {
    while (died < deaths) {
      const client = await StreamClient.open(gateway.streamUrl('dying'));
      const closed = client.closed();
      await client.sendUntilStarted(frame).catch(() => undefined);
      t.equal(await closed, 1011);
      t.equal(client.texts.at(-1), '{"error":"pipeline_failure","detail":"Worker stopped unexpectedly"}');
      died += 1;
    }
  };
  await Promise.all([kill(), kill()]);
  t.match(await bystander.sendUntilStarted(frame), { result: { width: 64 } }, 'another session is not affected');
  await bystander.close();
  t.match(await idle(gateway), { pool: { size: 2, ready: 2 } });
  const after = { threads: threadCount(gateway), files: openFileCount(gateway) };
  t.ok(after.threads - before.threads <= tolerance, `${before.threads} threads before, ${after.threads} after`);
  t.ok(after.files - before.files <= tolerance, `${before.files} files before, ${after.files} after`);
});

test(`after ${vanishing} clients that disconnected during a frame, nothing has changed`, async (t) => {
  const before = { threads: threadCount(gateway), files: openFileCount(gateway) };
  for (let batch = 0; batch < vanishing / 4; batch++) {
    const clients = await Promise.all(Array.from({ length: 4 }, () => StreamClient.open(gateway.streamUrl('slow'))));
    for (const client of clients) client.send(frame);
    await eventually(
      () => readiness(gateway),
      ({ pool }) => pool.inFlight > 0,
      'a frame in flight',
    );
    // Two more frames are partially sent when their clients disconnect.
    for (const client of clients.slice(2)) client.socket.send(frame.subarray(0, 100), { fin: false });
    for (const client of clients) client.socket.terminate();
    await idle(gateway);
  }
  t.match(await idle(gateway), { pool: { size: 2, ready: 2, inFlight: 0, sessions: 0, busy: 0 } });
  const after = { threads: threadCount(gateway), files: openFileCount(gateway) };
  t.ok(after.threads - before.threads <= tolerance, `${before.threads} threads before, ${after.threads} after`);
  t.ok(after.files - before.files <= tolerance, `${before.files} files before, ${after.files} after`);
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  t.match(await client.sendUntilStarted(frame), { frame_index: 0, result: { width: 64 } });
  await client.close();
});

test('the result of a disconnected client is never sent to the next one', async (t) => {
  const gone = await StreamClient.open(gateway.streamUrl('slow'));
  gone.send(frame);
  await gone.settled();
  t.equal((await readiness(gateway)).pool.inFlight, 1, 'the frame is in flight');
  gone.socket.terminate();
  const next = await StreamClient.open(gateway.streamUrl('echo'));
  t.match(await next.sendUntilStarted(encodeGradient(8, 8)), { frame_index: 0, result: { width: 8, slept: 0 } });
  await eventually(
    () => readiness(gateway),
    ({ pool }) => pool.inFlight === 0,
    'the end of the disconnected client’s frame',
  );
  await next.settled();
  t.equal(next.with('result').length, 1);
  await next.close();
});
