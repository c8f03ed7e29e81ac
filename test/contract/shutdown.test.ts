/** SIGTERM and SIGINT: frames in flight finish, clients are closed, and the process ends by itself or is killed cleanly. */
import { test } from 'tap';
import { freePort } from '../support/free-port.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { opcode, RawClient } from '../support/raw-client.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, readiness } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);

function inFlight(gateway: Gateway, count: number): Promise<unknown> {
  return eventually(
    () => readiness(gateway),
    ({ pool }) => pool.inFlight === count,
    `${count} frames in flight`,
  );
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`on ${signal} frames in flight finish, later ones are dropped, and all clients are closed with 1001`, async (t) => {
    const gateway = await startGateway({ POOL_WORKERS: '2' });
    t.teardown(() => gateway.kill());
    const working = [
      await StreamClient.open(gateway.streamUrl('slower')),
      await StreamClient.open(gateway.streamUrl('slower')),
    ];
    const waiting = await StreamClient.open(gateway.streamUrl('echo'));
    for (const client of working) client.send(frame);
    await inFlight(gateway, 2);
    gateway.signal(signal);
    t.equal(await waiting.closed(), 1001, 'a client without frames in flight is closed immediately');
    for (const client of working) client.send(frame);
    for (const client of working) {
      t.equal(await client.closed(), 1001);
      t.equal(client.texts[0], '{"frame_index":1,"dropped":true}');
      t.match(client.replies[1], { frame_index: 0, result: { slept: 1000 } });
      t.equal(client.texts.length, 2);
    }
    t.strictSame(waiting.texts, []);
    t.strictSame(await gateway.ended(), { code: 0, signal: null });
    t.match(gateway.log(), /"event":"stopped"/);
  });
}

test('a held frame is dropped on shutdown, and its client is closed with 1001 immediately', async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '1', STREAM_MAX_WAIT_MS: '60000' });
  t.teardown(() => gateway.kill());
  const working = await StreamClient.open(gateway.streamUrl('slower'));
  const holding = await StreamClient.open(gateway.streamUrl('echo'));
  working.send(frame);
  await inFlight(gateway, 1);
  holding.send(frame);
  await eventually(
    () => readiness(gateway),
    ({ pool }) => pool.held === 1,
    'a held frame',
  );
  gateway.signal('SIGTERM');
  t.equal(await holding.closed(), 1001);
  t.strictSame(holding.texts, ['{"frame_index":0,"dropped":true}']);
  t.equal(working.closeCode, undefined, 'the frame in flight is still running');
  t.equal(await working.closed(), 1001);
  t.match(working.replies, [{ frame_index: 0, result: { slept: 1000 } }]);
  t.strictSame(await gateway.ended(), { code: 0, signal: null });
});

test('no new client is admitted while draining', async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '1' });
  t.teardown(() => gateway.kill());
  const client = await StreamClient.open(gateway.streamUrl('slower'));
  const bystander = await StreamClient.open(gateway.streamUrl('echo'));
  client.send(frame);
  await inFlight(gateway, 1);
  gateway.signal('SIGTERM');
  await bystander.closed();
  await t.rejects(StreamClient.open(gateway.streamUrl('echo')), /ECONNREFUSED/);
  t.equal(await client.closed(), 1001);
  t.equal(client.with('result').length, 1);
  t.strictSame(await gateway.ended(), { code: 0, signal: null });
});

test('an idle gateway exits with code 0, and a repeated signal changes nothing', async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '2' });
  t.teardown(() => gateway.kill());
  gateway.signal('SIGINT');
  gateway.signal('SIGTERM');
  gateway.signal('SIGINT');
  t.strictSame(await gateway.ended(), { code: 0, signal: null });
});

test('a client being refused during shutdown does not delay it', async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '1' });
  t.teardown(() => gateway.kill());
  const client = await StreamClient.open(gateway.streamUrl('no-such'));
  gateway.signal('SIGTERM');
  t.strictSame(await gateway.ended(), { code: 0, signal: null });
  t.equal(await client.closed(), 1008);
});

test('a client that neither reads nor closes does not prevent a clean exit', async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '1', SHUTDOWN_GRACE_MS: '1000' });
  t.teardown(() => gateway.kill());
  const deaf = await RawClient.open(gateway, 'bulky');
  t.teardown(() => deaf.socket.destroy());
  deaf.socket.pause();
  // More than the kernel buffers, so that the close frame waits in the gateway behind unread results.
  for (let sent = 0; sent < 100; sent++) {
    deaf.send(opcode.binary, frame);
    await inFlight(gateway, 0);
  }
  gateway.signal('SIGTERM');
  t.strictSame(await gateway.ended(), { code: 0, signal: null });
});

test('a thread that blocks beyond the grace period: the process is killed, never aborted', async (t) => {
  const gateway = await startGateway({
    POOL_WORKERS: '1',
    STREAM_FRAME_TIMEOUT_MS: '200',
    SHUTDOWN_GRACE_MS: '300',
  });
  t.teardown(() => gateway.kill());
  const client = await StreamClient.open(gateway.streamUrl('blocked'));
  client.send(frame);
  t.equal(await client.closed(), 1011);
  gateway.signal('SIGTERM');
  // 134 or SIGABRT would mean an abort caused by terminating a thread inside native code.
  t.strictSame(await gateway.ended(), { code: null, signal: 'SIGKILL' });
  t.match(gateway.log(), /"event":"stop_timeout"/);
});

for (const pipelineId of ['blocked', 'hanging']) {
  test(`clients whose frame does not finish within the grace period (${pipelineId}) are still closed with 1001`, async (t) => {
    const gateway = await startGateway({ POOL_WORKERS: '1', SHUTDOWN_GRACE_MS: '300' });
    t.teardown(() => gateway.kill());
    const client = await StreamClient.open(gateway.streamUrl(pipelineId));
    client.send(frame);
    await inFlight(gateway, 1);
    gateway.signal('SIGTERM');
    t.equal(await client.closed(), 1001);
    t.strictSame(client.texts, []);
    t.strictSame(await gateway.ended(), { code: null, signal: 'SIGKILL' }, 'a thread ends only when its frame does');
  });
}

for (const end of ['stop', 'kill'] as const) {
  test(`after a ${end} with clients, the next gateway can bind the port immediately`, async (t) => {
    const first = await startGateway({ POOL_WORKERS: '1', PORT: String(await freePort()) });
    t.teardown(() => first.kill());
    const client = await StreamClient.open(first.streamUrl('echo'));
    await Promise.all([first[end](), client.closed()]);
    const second = await startGateway({ POOL_WORKERS: '1', PORT: String(first.port) });
    t.teardown(() => second.kill());
    t.equal(second.port, first.port);
  });
}

test('during the drain delay, /readyz tells balancers to stay away, and clients are still served', async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '1', DRAIN_DELAY_MS: '3000' });
  t.teardown(() => gateway.kill());
  const before = await StreamClient.open(gateway.streamUrl('echo'));
  gateway.signal('SIGTERM');
  await eventually(
    async () => (await fetch(`${gateway.httpUrl}/readyz`)).status,
    (status) => status === 503,
    'a draining gateway',
  );
  const late = await StreamClient.open(gateway.streamUrl('echo'));
  for (const client of [before, late]) t.match(await client.sendUntilStarted(frame), { result: { width: 64 } });
  for (const client of [before, late]) t.equal(await client.closed(), 1001);
  t.strictSame(await gateway.ended(), { code: 0, signal: null });
});
