/** The client before real gateways: replies, refusals, restarts, peers that are no gateway. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import tap, { type Test, test } from 'tap';
import { WebSocketServer } from 'ws';
import type { Client, ConnectOptions } from '../../src/client/client.ts';
import { connect } from '../../src/client/node.ts';
import { startGateway } from '../support/gateway.ts';
import { encodePicture } from '../support/jpeg-bytes.ts';
import { eventually, readiness } from '../support/vital-signs.ts';

const frame = encodePicture(64, 48);
/** The pipeline `by_width` takes three seconds for it: long enough to be seen at work, on however slow a machine. */
const longFrame = encodePicture(3000, 8);

const gateway = await startGateway({ POOL_WORKERS: '1', STREAM_MAX_FRAME_SIZE_MB: '0.1' });
tap.teardown(() => gateway.kill());

/** A client that is gone with the test. */
function client(t: Test, pipeline: string, options: Partial<ConnectOptions> = {}): Client {
  const made = connect({ url: gateway.httpUrl, pipeline, maxFps: 1000, ...options });
  t.teardown(() => made.close());
  return made;
}

/** Resolves with the error that the client has given up with. */
function givenUp(made: Client): Promise<unknown> {
  return new Promise((resolve) => {
    made.on('state', ({ state }) => {
      if (state === 'closed') resolve(made.error);
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
    const sent = echo.send(encodePicture(16 + index, 16));
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

test('of two frames for one worker both are answered: one is held meanwhile', async (t) => {
  const clients = [client(t, 'slow'), client(t, 'slow')];
  await Promise.all(clients.map((made) => made.opened()));
  const replies = await Promise.all(clients.map((made) => made.send(frame).reply));
  t.strictSame(
    replies.map(({ type }) => type),
    ['result', 'result'],
  );
  for (const reply of replies) t.match(reply, { index: 0, frame });
});

test('an unknown pipeline: the client gives up with the code', async (t) => {
  const made = client(t, 'yolo_v9');
  t.match(await givenUp(made), { code: 'invalid_pipeline', detail: 'Unknown pipeline_id: yolo_v9' });
  await t.rejects(made.ready(), { code: 'invalid_pipeline' });
});

for (const [code, bad] of [
  ['invalid_frame', Buffer.from('no picture at all')],
  ['frame_too_large', Buffer.concat([frame, Buffer.alloc(106_000)])],
] as const) {
  test(`${code}: lost with the code; good frames get through again; only bad ones do not for long`, async (t) => {
    const made = client(t, 'echo');
    await made.ready();
    t.match(await made.send(bad).reply, { type: 'lost', index: 0, error: { code } });
    await made.ready();
    t.match(await made.send(frame).reply, { type: 'result', index: 0 });
    const end = givenUp(made);
    for (let session = 0; session < 3; session++) {
      await made.ready();
      t.match(await made.send(bad).reply, { type: 'lost', error: { code } });
    }
    t.match(await end, { code });
  });
}

test('a pipeline that fails: lost with the code, and the client comes back', async (t) => {
  const made = client(t, 'failing');
  for (let session = 0; session < 3; session++) {
    await made.ready();
    t.match(await made.send(frame).reply, { type: 'lost', index: 0, error: { code: 'pipeline_failure' } });
  }
  t.equal(made.state, 'waiting');
});

test('a gateway that has no room is asked again until it has', async (t) => {
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

test('a gateway that is killed and started again: everything in flight settles, and the stream goes on', async (t) => {
  // Not 0: a port that the system gave cannot be listened on again while old connections fade.
  const PORT = String(await freePort());
  const before = await startGateway({ POOL_WORKERS: '1', PORT });
  t.teardown(() => before.kill());
  const made = client(t, 'by_width', { url: before.httpUrl });
  await made.ready();
  const sent = made.send(longFrame);
  const waiting = made.send(frame);
  await eventually(
    () => readiness(before),
    ({ pool }) => pool.inFlight === 1,
    'a frame in flight',
  );
  await before.kill();
  t.match(await sent.reply, { type: 'lost', index: 0, error: { code: 'closed' } });
  t.match(await waiting.reply, { type: 'skipped' });
  await t.rejects(made.opened(), { code: 'unreachable', detail: /ECONNREFUSED/ });
  const after = await startGateway({ POOL_WORKERS: '1', PORT });
  t.teardown(() => after.kill());
  await made.ready();
  t.match(await made.send(frame).reply, { type: 'result', index: 0 });
  t.equal(made.state, 'open');
});

test('a gateway that stops answers what is in flight first', async (t) => {
  const stopping = await startGateway({ POOL_WORKERS: '1' });
  t.teardown(() => stopping.kill());
  const made = client(t, 'by_width', { url: stopping.httpUrl });
  await made.ready();
  const sent = made.send(longFrame);
  await eventually(
    () => readiness(stopping),
    ({ pool }) => pool.inFlight === 1,
    'a frame in flight',
  );
  const told = new Promise((resolve) => void made.on('error', resolve));
  const ended = stopping.stop();
  t.match(await sent.reply, { type: 'result', index: 0 });
  t.match(await told, { code: 'closed', detail: /1001/ });
  t.strictSame(await ended, { code: 0, signal: null });
});

test('a peer that never answers the upgrade is left after timeoutMs', async (t) => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const made = client(t, 'echo', { url: `ws://127.0.0.1:${(silent.address() as AddressInfo).port}`, timeoutMs: 200 });
  await t.rejects(made.opened(), { code: 'unreachable', detail: 'No connection within 200 ms' });
});

/** A WebSocket server that answers every frame with `answer`; nothing, where it is undefined. */
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

test('a peer that takes frames and never answers is left after timeoutMs', async (t) => {
  const made = client(t, 'echo', { url: await otherServer(t, undefined), timeoutMs: 200 });
  await made.ready();
  t.match(await made.send(frame).reply, { type: 'lost', index: 0, error: { code: 'timed_out' } });
  t.equal(made.state, 'waiting');
});

test('a server that is no gateway is given up', async (t) => {
  for (const answer of ['hello', Buffer.from('{"frame_index":0,"dropped":true}'), '{"frame_index":0}']) {
    const made = client(t, 'echo', { url: await otherServer(t, answer) });
    const end = givenUp(made);
    await made.ready();
    t.match(await made.send(frame).reply, { type: 'lost', error: { code: 'invalid_reply' } });
    t.match(await end, { code: 'invalid_reply' });
  }
});

test('a plain web server is unreachable', async (t) => {
  const made = client(t, 'echo', { url: `${gateway.httpUrl}/healthz` });
  await t.rejects(made.opened(), {
    code: 'unreachable',
    detail: /404 \(No such resource; did you mean \/ws\/video\/stream\?\)/,
  });
});
