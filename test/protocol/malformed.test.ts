/** Peers that disconnect at every byte, flood with pings or read nothing: resources are freed, and others are served meanwhile. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { clientFrame, opcode, RawClient, upgradeRequest } from '../support/raw-client.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, idle, openFileCount, readiness, residentMegabytes } from '../support/vital-signs.ts';

const frame = encodeGradient(8, 8);

// Pings count as frames; here only memory matters.
const gateway = await startGateway({ POOL_WORKERS: '2', STREAM_MAX_FRAMES_PER_SECOND: '10000000' });
tap.teardown(() => gateway.kill());

/** Number of concurrent connections that are cut. */
const lanes = 16;

const endings = {
  FIN: (client: RawClient) => client.socket.end(),
  RST: (client: RawClient) => client.socket.resetAndDestroy(),
  'FIN without reading': (client: RawClient) => client.socket.pause().destroy(),
};

for (const [name, end] of Object.entries(endings)) {
  test(`an upgrade with a frame, cut at every byte by ${name}, leaks nothing`, async (t) => {
    await idle(gateway);
    const files = openFileCount(gateway);
    const bytes = Buffer.concat([Buffer.from(upgradeRequest('echo')), clientFrame(opcode.binary, frame)]);
    const cuts = Array.from({ length: bytes.length + 1 }, (_, at) => at).values();
    const lane = async () => {
      for (const at of cuts) {
        const client = await RawClient.connect(gateway);
        await new Promise((resolve) => client.socket.write(bytes.subarray(0, at), resolve));
        end(client);
        await client.closed();
      }
    };
    const other = await StreamClient.open(gateway.streamUrl('echo'));
    await Promise.all(Array.from({ length: lanes }, lane));
    t.match(await other.sendUntilStarted(frame), { result: { width: 8 } }, 'another session continues');
    await other.close();
    await idle(gateway);
    await eventually(
      () => openFileCount(gateway),
      (now) => now <= files + 3,
      'as few open files as before',
    );
  });
}

test('10,000 pings get pongs, and another session is served meanwhile', async (t) => {
  const pings = 10_000;
  const flooder = await RawClient.open(gateway, 'echo');
  const other = await StreamClient.open(gateway.streamUrl('echo'));
  const ping = clientFrame(opcode.ping, Buffer.from('p'));
  flooder.socket.write(Buffer.concat(new Array(pings).fill(ping)));
  for (let i = 0; i < 10; i++) t.match(await other.sendUntilStarted(frame), { result: { width: 8 } });
  const pongBytes = 3;
  await eventually(
    () => flooder.bytes().length - flooder.text().indexOf('\r\n\r\n') - 4,
    (bytes) => bytes === pings * pongBytes,
    'a pong per ping',
  );
  flooder.socket.destroy();
  await other.close();
});

test('unread pongs end the session', async (t) => {
  await idle(gateway);
  const before = residentMegabytes(gateway);
  const lazy = await RawClient.open(gateway, 'echo');
  t.teardown(() => lazy.socket.destroy());
  lazy.socket.pause();
  const pings = Buffer.concat(new Array(1000).fill(clientFrame(opcode.ping, Buffer.alloc(125))));
  await eventually(
    async () => {
      for (let i = 0; i < 20; i++) lazy.socket.write(pings);
      return await readiness(gateway);
    },
    ({ pool }) => pool.sessions === 0,
    'the end of the session',
  );
  t.match(gateway.log(), /"code":"slow_reader"/);
  const more = residentMegabytes(gateway) - before;
  t.ok(more < 50, `${more.toFixed(0)} MB more`);
});

test('no handler threw', async (t) => {
  t.notMatch(gateway.log(), /unexpected_error|worker_exit/);
});
