/** A snapshot camera, the bridge, and a fake gateway in one process: what is sent, counted, and reported, and how it ends. */
import { type Test, test } from 'tap';
import { Bridge, type BridgeEvent, type CameraPlan } from '../../../src/camera/bridge.ts';
import { readSource } from '../../../src/camera/source.ts';
import { eventually } from '../../support/camera-run.ts';
import { type FakeBehavior, startFakeGateway } from '../../support/fake-gateway.ts';
import { numberedFrame, readNumber } from '../../support/numbered-frames.ts';
import { type SnapshotOptions, startSnapshotCamera } from '../../support/snapshot-camera.ts';

async function bridgeOf(t: Test, behavior: FakeBehavior, camera: SnapshotOptions = {}, plan: Partial<CameraPlan> = {}) {
  const gateway = await startFakeGateway(t, behavior);
  const { url } = await startSnapshotCamera(t, { image: (index) => numberedFrame(index), ...camera });
  const read = readSource(url);
  if (!read.ok) throw new Error(read.issue);
  const events: BridgeEvent[] = [];
  const bridge = new Bridge({
    plan: {
      ...{
        name: 'front',
        publicName: 'front',
        source: read.source,
        url: new URL(`ws://127.0.0.1:${gateway.port}`),
        pipeline: 'test',
      },
      ...{ reconnects: true, stallTimeoutMs: 20_000, fps: 50 },
      ...plan,
    },
    version: { major: 6, minor: 0 },
    encode: async () => Buffer.alloc(0),
    inspect: async () => true,
    onEvent: (event) => events.push(event),
  });
  t.teardown(() => bridge.stop());
  const of = (type: BridgeEvent['type']) => events.filter((event) => event.type === type);
  return { bridge, gateway, events, of };
}

test("the camera's JPEGs are sent unchanged and in order, and each result is reported with its index", async (t) => {
  const received: Buffer[] = [];
  const { bridge, of } = await bridgeOf(t, {
    frame: ({ bytes, result }) => {
      received.push(bytes);
      result();
    },
  });
  const end = bridge.run();
  await eventually('five results', () => of('result').length >= 5);
  bridge.stop();
  t.strictSame(await end, { type: 'done', detail: 'stopped' });
  t.match(of('source'), [{ state: { state: 'opening' } }, { state: { state: 'live', mode: 'copy' } }]);
  t.match(of('gateway'), [{ state: 'open' }]);
  t.match(
    of('result').slice(0, 5),
    [0, 1, 2, 3, 4].map((index) => ({ index, result: { width: 8 } })),
  );
  const order = received.map((bytes) => readNumber(bytes) ?? -1);
  for (const [at, bytes] of received.entries()) t.ok(bytes.equals(numberedFrame(order[at] ?? 0)), `frame ${at}`);
  t.ok(order.length >= 5);
  t.strictSame(
    order,
    [...new Set(order)].sort((a, b) => a - b),
    'each at most once',
  );
  const { pictures, sent, answered, dropped, encoded } = bridge.tally.counts;
  t.ok(pictures >= sent && sent >= answered && answered >= 5, JSON.stringify(bridge.tally.counts));
  t.strictSame({ dropped, encoded }, { dropped: 0, encoded: 0 });
});

test('frames that the gateway drops are counted and reported', async (t) => {
  const { bridge, of } = await bridgeOf(t, { frame: ({ drop }) => drop() });
  void bridge.run();
  await eventually('three dropped frames', () => of('dropped').length >= 3);
  bridge.stop();
  t.match(of('dropped').slice(0, 3), [{ index: 0 }, { index: 1 }, { index: 2 }]);
  t.equal(bridge.tally.counts.dropped, of('dropped').length);
  t.equal(bridge.tally.counts.answered, 0);
});

test('a frame that the gateway rejects leads to re-encoding, which is reported once', async (t) => {
  const { bridge, of } = await bridgeOf(t, {
    frame: ({ socket }) => {
      socket.send('{"error":"invalid_frame","detail":"Not a valid JPEG image: no SOI"}');
      socket.close(1007);
    },
  });
  void bridge.run();
  await eventually('a repair', () => of('repaired').length > 0);
  bridge.stop();
  t.match(of('repaired'), [
    { detail: 'the gateway rejected a frame (Not a valid JPEG image: no SOI); re-encoding frames' },
  ]);
  t.match(of('gateway'), [{ state: 'open' }, { state: 'lost' }]);
  t.equal(bridge.tally.counts.lost, 1);
});

test('a gateway that cannot be used ends the source with its error', async (t) => {
  const { bridge } = await bridgeOf(t, {
    opened: (socket) => {
      socket.send('{"error":"invalid_pipeline","detail":"Unknown pipeline_id: test"}');
      socket.close(1008);
    },
  });
  t.match(await bridge.run(), { type: 'failed', detail: /^gateway error: .*Unknown pipeline_id: test/ });
});

test('a source that fails for good ends the bridge and its connection', async (t) => {
  const closed = Promise.withResolvers<void>();
  const { bridge } = await bridgeOf(
    t,
    { opened: (socket) => socket.once('close', () => closed.resolve()) },
    { answer: (response, index) => index > 1 && Boolean(response.writeHead(403).end()) },
    { reconnects: false },
  );
  t.match(await bridge.run(), { type: 'failed', detail: /403 Forbidden/ });
  await closed.promise;
});

test('the bridge connects for the first frame, and after an idle timeout for the next one', async (t) => {
  let isOffline = true;
  const { bridge, gateway, of } = await bridgeOf(
    t,
    { frame: ({ result }) => result() },
    { answer: (response) => isOffline && response.destroy() !== undefined },
  );
  void bridge.run();
  await eventually('two attempts to reach the camera', () => of('source').length >= 4);
  t.equal(gateway.sockets.length, 0, 'nothing to send yet');
  isOffline = false;
  await eventually('a result', () => of('result').length > 0);
  isOffline = true;
  await eventually('the loss of the camera', () => JSON.stringify(of('source').at(-1)).includes('waiting'));
  const [socket] = gateway.sockets;
  socket?.send('{"error":"idle_timeout","detail":"No frame came for 600 s"}');
  socket?.close(1008);
  await eventually('the end of the session', () => of('gateway').length === 2);
  t.equal(gateway.sockets.length, 1);
  const results = of('result').length;
  isOffline = false;
  await eventually('a result in a new session', () => of('result').length > results);
  t.equal(gateway.sockets.length, 2, 'no session without frames in between');
});

test('while no reply arrives, newer frames replace older ones and are not sent', async (t) => {
  const { bridge, gateway } = await bridgeOf(t, {});
  void bridge.run();
  await eventually('ten frames from the camera', () => bridge.tally.counts.pictures >= 10);
  bridge.stop();
  t.equal(bridge.tally.counts.sent, 1, 'the window is one frame before the first result');
  t.strictSame(gateway.received, [1]);
});
