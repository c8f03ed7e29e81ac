/** Small floods next to a working camera: each frame gets a reply, and no resources are left afterwards. */
import { test } from 'tap';
import { selectFloods } from '../../bench/floods/all.ts';
import { smallFrame } from '../../bench/floods/small-frame.ts';
import { startGateway } from '../support/gateway.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, idle, openFileCount } from '../support/vital-signs.ts';

/** One percent of each flood: a few sockets, a thousand requests. */
const scale = 0.01;
const framesDuringFlood = 10;
const names = [
  'pipelined-pages/get-0',
  'pipelined-pages/not-modified',
  'half-bodies',
  'half-messages',
  'silent-sessions',
  'text-sessions',
  'fast-cameras',
];

test('a camera gets replies during floods, and no resources are left afterwards', async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '1' });
  t.teardown(() => gateway.kill());
  const frame = smallFrame();
  const camera = await StreamClient.open(gateway.streamUrl('echo'));
  await camera.sendUntilStarted(frame);
  const filesBefore = openFileCount(gateway);
  for (const flood of selectFloods(names)) {
    const before = camera.replies.filter((reply) => 'frame_index' in reply).length;
    const attack = await flood.start({ host: '127.0.0.1', port: gateway.port, addresses: 2, scale });
    const replyCount = () => camera.replies.filter((reply) => 'frame_index' in reply).length - before;
    for (let sent = 1; sent <= framesDuringFlood; sent++) {
      camera.send(frame);
      await camera.until(() => replyCount() === sent);
    }
    const counts = Object.values(await attack.stop());
    t.ok(
      counts.some((count) => count > 0),
      flood.name,
    );
    await eventually(
      () => openFileCount(gateway),
      (files) => files <= filesBefore,
      `file handles after ${flood.name}`,
    );
  }
  const indices = camera.replies.flatMap(({ frame_index }) => (frame_index === undefined ? [] : [frame_index]));
  t.strictSame(
    [...indices].sort((a, b) => Number(a) - Number(b)),
    indices.map((_, index) => index),
    'each frame has one reply',
  );
  camera.socket.close();
  await camera.closed();
  t.equal((await idle(gateway)).pool.sessions, 0);
  t.match(await gateway.stop(), { code: 0 });
});
