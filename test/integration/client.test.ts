/** The client with real gateways: replies, rejections, restarts, and peers that are not a gateway. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import tap, { type Test, test } from 'tap';
import { WebSocketServer } from 'ws';
import type { Client, ConnectOptions } from '../../src/client/client.ts';
import { connect } from '../../src/client/node.ts';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { eventually, readiness } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);
/** Takes the pipeline `by_width` three seconds: long enough to be observed in flight, even on a slow machine. */
const longFrame = encodeGradient(3000, 8);

const gateway = await startGateway({ POOL_WORKERS: '1', STREAM_MAX_FRAME_SIZE_MB: '0.1' });
tap.teardown(() => gateway.kill());

/** A client that is closed after the test. */
function client(t: Test, pipeline: string, options: Partial<ConnectOptions> = {}): Client {
  const stream = connect({ url: gateway.httpUrl, pipeline, maxFps: 1000, ...options });
  t.teardown(() => stream.close());
  return stream;
}

/** Resolves with the client's error when it gives up. */
function givenUp(stream: Client): Promise<unknown> {
  return new Promise((resolve) => {
    stream.on('state', ({ state }) => {
      if (state === 'closed') resolve(stream.error);
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

test('frames are answered, each with its own result', async (t) => {
  const echo = client(t, 'echo');
  await echo.opened();
  for (let index = 0; index < 20; index++) {
    await echo.ready();
    const sent = echo.send(encodeGradient(16 + index, 16));
    t.equal(sent.index, index);
    const reply = await sent.reply;
    t.match(reply, { type: 'result', index, result: { width: 16 + index, height: 16 } });
  }
});

test('a Blob and a view of a buffer are frames too', async (t) => {
  const echo = client(t, 'echo');
  const padded = Buffer.concat([Buffer.alloc(8), frame]);
  for (const form of [new Blob([new Uint8Array(frame)]), padded.subarray(8), new Uint8Array(frame).buffer]) {
    await echo.ready();
    t.match(await echo.send(form).reply, { type: 'result', result: { width: 64, height: 48 } });
  }
});

test('two frames for one worker are both answered: one is held meanwhile', async (t) => {
  const clients = [client(t, 'slow'), client(t, 'slow')];
  await Promise.all(clients.map((stream) => stream.opened()));
  const replies = await Promise.all(clients.map((stream) => stream.send(frame).reply));
  t.strictSame(
    replies.map(({ type }) => type),
    ['result', 'result'],
  );
  for (const reply of replies) t.match(reply, { index: 0, frame });
});

test('an unknown pipeline: the client gives up with the code', async (t) => {
  const stream = client(t, 'yolo_v9');
  t.match(await givenUp(stream), { code: 'invalid_pipeline', detail: 'Unknown pipeline_id: yolo_v9' });
  await t.rejects(stream.ready(), { code: 'invalid_pipeline' });
});

for (const [code, bad] of [
  ['invalid_frame', Buffer.from('not an image')],
  ['frame_too_large', Buffer.concat([frame, Buffer.alloc(106_000)])],
] as const) {
  test(`${code}: the frame is lost with the code; valid frames still work; several invalid ones in a row are fatal`, async (t) => {
    const stream = client(t, 'echo');
    await stream.ready();
    t.match(await stream.send(bad).reply, { type: 'lost', index: 0, error: { code } });
    await stream.ready();
    t.match(await stream.send(frame).reply, { type: 'result', index: 0 });
    const end = givenUp(stream);
    for (let session = 0; session < 3; session++) {
      await stream.ready();
      t.match(await stream.send(bad).reply, { type: 'lost', error: { code } });
    }
    t.match(await end, { code });
  });
}

test('a failing pipeline: the frame is lost with the code, and the client reconnects', async (t) => {
  const stream = client(t, 'failing');
  for (let session = 0; session < 3; session++) {
    await stream.ready();
    t.match(await stream.send(frame).reply, { type: 'lost', index: 0, error: { code: 'pipeline_failure' } });
  }
  t.equal(stream.state, 'waiting');
});

test('a full gateway is retried until it accepts the session', async (t) => {
  const small = await startGateway({ POOL_WORKERS: '1', STREAM_MAX_SESSIONS: '1' });
  t.teardown(() => small.kill());
  const inside = client(t, 'echo', { url: small.httpUrl });
  await inside.ready();
  const outside = client(t, 'echo', { url: small.httpUrl });
  const codes: string[] = [];
  outside.on('error', ({ code }) => codes.push(code));
  await eventually(
    () => codes.length,
    (count) => count >= 2,
    'two refusals',
  );
  inside.close();
  for (;;) {
    await outside.ready();
    if ((await outside.send(frame).reply).type === 'result') break;
  }
  t.same(new Set(codes), new Set(['server_busy']));
});

test('a gateway that is killed and restarted: all frames in flight settle, and the stream continues', async (t) => {
  // Not 0: a port assigned by the system cannot be bound again while old connections linger.
  const PORT = String(await freePort());
  const before = await startGateway({ POOL_WORKERS: '1', PORT });
  t.teardown(() => before.kill());
  const stream = client(t, 'by_width', { url: before.httpUrl });
  await stream.ready();
  const sent = stream.send(longFrame);
  const waiting = stream.send(frame);
  await eventually(
    () => readiness(before),
    ({ pool }) => pool.inFlight === 1,
    'a frame in flight',
  );
  await before.kill();
  t.match(await sent.reply, { type: 'lost', index: 0, error: { code: 'closed' } });
  t.match(await waiting.reply, { type: 'skipped' });
  await t.rejects(stream.opened(), { code: 'unreachable', detail: /ECONNREFUSED/ });
  const after = await startGateway({ POOL_WORKERS: '1', PORT });
  t.teardown(() => after.kill());
  await stream.ready();
  t.match(await stream.send(frame).reply, { type: 'result', index: 0 });
  t.equal(stream.state, 'open');
});

test('a stopping gateway answers frames in flight first', async (t) => {
  const stopping = await startGateway({ POOL_WORKERS: '1' });
  t.teardown(() => stopping.kill());
  const stream = client(t, 'by_width', { url: stopping.httpUrl });
  await stream.ready();
  const sent = stream.send(longFrame);
  await eventually(
    () => readiness(stopping),
    ({ pool }) => pool.inFlight === 1,
    'a frame in flight',
  );
  const closed = new Promise((resolve) => void stream.on('error', resolve));
  const ended = stopping.stop();
  t.match(await sent.reply, { type: 'result', index: 0 });
  t.match(await closed, { code: 'closed', detail: /1001/ });
  t.strictSame(await ended, { code: 0, signal: null });
});

test('a peer that never answers the upgrade times out after timeoutMs', async (t) => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const stream = client(t, 'echo', { url: `ws://127.0.0.1:${(silent.address() as AddressInfo).port}`, timeoutMs: 200 });
  await t.rejects(stream.opened(), { code: 'unreachable', detail: 'No connection within 200 ms' });
});

/** A WebSocket server that replies to every frame with `answer`, or never if it is undefined. */
async function otherServer(t: Test, answer: string | Buffer | undefined): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    socket.on('message', () => {
      if (answer !== undefined) socket.send(answer);
    });
  });
  t.teardown(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a peer that accepts frames and never replies times out after timeoutMs', async (t) => {
  const stream = client(t, 'echo', { url: await otherServer(t, undefined), timeoutMs: 200 });
  await stream.ready();
  t.match(await stream.send(frame).reply, { type: 'lost', index: 0, error: { code: 'timed_out' } });
  t.equal(stream.state, 'waiting');
});

test('a server that is not a gateway is fatal', async (t) => {
  for (const answer of ['hello', Buffer.from('{"frame_index":0,"dropped":true}'), '{"frame_index":0}']) {
    const stream = client(t, 'echo', { url: await otherServer(t, answer) });
    const end = givenUp(stream);
    await stream.ready();
    t.match(await stream.send(frame).reply, { type: 'lost', error: { code: 'invalid_reply' } });
    t.match(await end, { code: 'invalid_reply' });
  }
});

test('a plain web server is unreachable', async (t) => {
  const stream = client(t, 'echo', { url: `${gateway.httpUrl}/healthz` });
  await t.rejects(stream.opened(), {
    code: 'unreachable',
    detail: /404 \(No such resource; did you mean \/ws\/video\/stream\?\)/,
  });
});
