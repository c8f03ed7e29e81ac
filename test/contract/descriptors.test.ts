/** Low file descriptor limit: some are reserved for the process, and excess connections are closed immediately. */
import { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { RawClient } from '../support/raw-client.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, openFileCount } from '../support/vital-signs.ts';

const frame = encodeGradient(8, 8);
const limit = 200;

test('with more connections than descriptors, cameras keep working and the port recovers', async (t) => {
  const gateway = await startGateway({}, { openFiles: limit });
  t.teardown(() => gateway.kill());
  const camera = await StreamClient.open(gateway.streamUrl('echo'));
  await camera.sendUntilStarted(frame);
  const clients: RawClient[] = [];
  for (let i = 0; i < 2 * limit; i++) clients.push(await RawClient.connect(gateway));
  await eventually(
    () => clients.filter(({ socket }) => socket.closed).length,
    (closed) => closed >= limit,
    'excess connections are closed',
  );
  t.ok(openFileCount(gateway) < limit, `${openFileCount(gateway)} of ${limit} are open`);
  for (let i = 0; i < 5; i++) t.match(await camera.sendUntilStarted(frame), { result: { slept: 0 } });
  t.match(gateway.log(), /"event":"descriptors_exhausted"/);
  for (const { socket } of clients) socket.destroy();
  const status = await eventually(
    () =>
      fetch(`${gateway.httpUrl}/healthz`, { headers: { connection: 'close' } }).then(({ status }) => status, String),
    (seen) => seen === 200,
    'a response',
  );
  t.equal(status, 200);
  await camera.close();
});

test('upgraded sockets are no longer counted after they close', async (t) => {
  const gateway = await startGateway({}, { openFiles: limit });
  t.teardown(() => gateway.kill());
  for (let i = 0; i < 2 * limit; i++) {
    const client = await RawClient.open(gateway, 'echo');
    client.socket.destroy();
  }
  const camera = await StreamClient.open(gateway.streamUrl('echo'));
  t.match(await camera.sendUntilStarted(frame), { result: { slept: 0 } });
  t.notMatch(gateway.log(), /no file descriptors left/);
  await camera.close();
});
