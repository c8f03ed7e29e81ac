/** SIGTERM and SIGKILL while cameras send at full speed: no duplicate replies, and the next gateway can bind the port immediately. */
import { type Test, test } from 'tap';
import { freePort } from '../support/free-port.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);
const cameras = 8;
const sendEveryMs = 2;

/** Cameras that send until their gateway is gone. @returns them, each with some replies. */
async function startCameras(t: Test, gateway: Gateway): Promise<StreamClient[]> {
  const clients = await Promise.all(
    Array.from({ length: cameras }, (_, index) =>
      StreamClient.open(gateway.streamUrl(index % 2 === 0 ? 'slow' : 'echo')),
    ),
  );
  for (const client of clients) {
    const timer = setInterval(() => client.send(frame), sendEveryMs);
    void client.closed().then(() => clearInterval(timer));
    t.teardown(() => clearInterval(timer));
  }
  const answered = () => clients.every(({ texts }) => texts.length > 5);
  await eventually(answered, Boolean, 'replies to cameras');
  return clients;
}

/** Every reply is complete, and each belongs to a different frame. */
function checkAnswers(t: Test, { replies }: StreamClient): void {
  const indices = replies.flatMap((reply) => ('frame_index' in reply ? [reply['frame_index']] : []));
  t.equal(new Set(indices).size, indices.length, 'at most one reply per index');
  t.strictSame(
    replies.filter((reply) => 'error' in reply),
    [],
  );
}

test('SIGTERM under load: all clients are closed with 1001, without duplicate replies, and the exit code is 0', async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '2' });
  t.teardown(() => gateway.kill());
  const clients = await startCameras(t, gateway);
  gateway.signal('SIGTERM');
  for (const client of clients) {
    t.equal(await client.closed(), 1001);
    checkAnswers(t, client);
  }
  t.strictSame(await gateway.ended(), { code: 0, signal: null });
});

test('SIGKILL under load: replies are complete, and the next gateway serves on the same port', async (t) => {
  const first = await startGateway({ POOL_WORKERS: '2', PORT: String(await freePort()) });
  t.teardown(() => first.kill());
  const clients = await startCameras(t, first);
  first.signal('SIGKILL');
  const second = await startGateway({ POOL_WORKERS: '2', PORT: String(first.port) });
  t.teardown(() => second.kill());
  for (const client of clients) {
    t.equal(await client.closed(), 1006);
    checkAnswers(t, client);
  }
  const again = await StreamClient.open(second.streamUrl('echo'));
  t.match(await again.sendUntilStarted(frame), { frame_index: 0, result: { width: 64 } });
  t.strictSame(await second.stop(), { code: 0, signal: null });
});
