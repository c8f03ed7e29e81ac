/** The client on one connection: indices, replies, waiting, skipping, closing. */
import { test } from 'tap';
import { ClientError } from '../../../src/client/client-error.ts';
import { FakeGateway } from '../../support/fake-socket.ts';

const frame = (byte: number) => Uint8Array.of(byte);

/** A connected client. */
function open(options: ConstructorParameters<typeof FakeGateway>[0] = {}): FakeGateway {
  const gateway = new FakeGateway(options);
  gateway.socket.events.opened();
  return gateway;
}

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise.catch(() => undefined), Promise.resolve(pending)])) !== pending;
}

test('the stream URL is opened', async (t) => {
  for (const [url, expected] of [
    ['ws://host:8000/gate/', 'ws://host:8000/gate/ws/video/stream?pipeline_id=a%26b'],
    [new URL('http://host'), 'ws://host/ws/video/stream?pipeline_id=a%26b'],
  ] as const) {
    const { client, socket } = new FakeGateway({ url, pipeline: 'a&b' });
    t.equal(socket.url, expected);
    client.close();
  }
  t.throws(() => new FakeGateway({ url: 'host:8000' }), TypeError);
  t.throws(() => new FakeGateway({ url: 'no address' }), TypeError);
});

test('invalid limits are rejected', async (t) => {
  for (const bad of [0, -1, Number.NaN]) {
    for (const name of ['maxFps', 'timeoutMs']) {
      t.throws(() => new FakeGateway({ [name]: bad }), { name: 'RangeError', message: `${name} must be above 0` });
    }
  }
  for (const bad of [0, -1, 0.5, Number.NaN]) {
    for (const name of ['maxInFlight', 'maxAttempts']) {
      t.throws(() => new FakeGateway({ [name]: bad }), { name: 'RangeError', message: `${name} must be at least 1` });
    }
  }
});

test('infinite limits', async (t) => {
  const { client, socket } = open({ maxInFlight: 1.9, maxFps: Infinity, timeoutMs: Infinity, maxAttempts: Infinity });
  for (let index = 0; index < 100; index++) {
    await client.ready();
    client.send(frame(1));
    t.equal(client.inFlight, 1);
    await new Promise((resolve) => setTimeout(resolve, 1));
    t.equal(client.state, 'open');
    socket.result(index);
  }
  client.close();
});

test('a listener can close the client on a new attempt', async (t) => {
  const gateway = open();
  gateway.client.on('state', ({ state }) => {
    if (state === 'connecting') gateway.client.close();
  });
  gateway.socket.events.closed('gone');
  await waitFor(() => gateway.client.state === 'closed');
  t.equal(gateway.sockets.length, 1);
});

test('frames are numbered from 0, and each reply is matched with its frame', async (t) => {
  const { client, socket, events } = bound(open({ maxFps: 1000 }));
  const first = client.send(frame(1));
  t.equal(first.index, 0);
  socket.result(0);
  t.match(await first.reply, { type: 'result', index: 0, frame: frame(1), result: { width: 1 } });
  const second = client.send(frame(2));
  t.equal(second.index, 1);
  socket.drop(1);
  t.match(await second.reply, { type: 'dropped', index: 1, frame: frame(2) });
  t.match(events('sent'), [{ index: 0 }, { index: 1 }]);
  t.equal(events('result').length, 1);
  t.equal(events('dropped').length, 1);
  client.close();
});

test('a newer frame replaces a waiting one', async (t) => {
  const { client, socket } = open();
  const first = client.send(frame(1));
  const second = client.send(frame(2));
  const third = client.send(frame(3));
  t.strictSame([first.index, second.index, third.index], [0, undefined, undefined]);
  t.match(await second.reply, { type: 'skipped', frame: frame(2) });
  t.equal(await isSettled(third.reply), false);
  socket.result(0);
  await waitFor(() => third.index === 1);
  t.strictSame(socket.sent, [frame(1), frame(3)]);
  client.close();
});

test('ready resolves when a frame would be sent immediately', async (t) => {
  const { client, socket } = open({ maxFps: 1000 });
  await client.ready();
  client.send(frame(1));
  const ready = client.ready();
  t.equal(await isSettled(ready), false);
  socket.result(0);
  await ready;
  t.equal(client.send(frame(2)).index, 1);
  client.close();
});

test('nothing is sent while the socket still buffers the last frame', async (t) => {
  const { client, socket } = open({ maxFps: 1000 });
  client.send(frame(1));
  socket.bufferedAmount = 1;
  socket.result(0);
  const ready = client.ready();
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(await isSettled(ready), false);
  socket.bufferedAmount = 0;
  await ready;
  t.pass('then it is ready');
  client.close();
});

test('maxInFlight is respected', async (t) => {
  // With congestion control it would wait for a reply, which this gateway sends only after the second frame.
  const { client, socket } = open({ maxInFlight: 2, maxFps: 10_000, adapt: false });
  for (let index = 0; index < 200; index++) {
    await client.ready();
    client.send(frame(1));
    t.ok(client.inFlight <= 2);
    if (client.inFlight === 2 || index === 0) socket.result(socket.sent.length - client.inFlight);
  }
  client.close();
});

test('slow_down is emitted with the new, lower rate', async (t) => {
  const { client, socket, events } = bound(open());
  client.send(frame(1));
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.result(0);
  const before = client.fps;
  for (let i = 0; i < 10; i++) socket.say({ warning: 'slow_down' });
  t.equal(events('slow_down').length, 10);
  t.ok((events('slow_down').at(-1)?.fps ?? before) < before);
  client.close();
});

test('without a connection a frame is skipped immediately', async (t) => {
  const { client } = new FakeGateway();
  const sent = client.send(frame(1));
  t.match(await sent.reply, { type: 'skipped' });
  t.equal(sent.index, undefined);
  client.close();
  t.match(await client.send(frame(1)).reply, { type: 'skipped' });
});

test('text is rejected before it can end the session', async (t) => {
  const { client } = open();
  t.throws(() => client.send('text' as never), TypeError);
  client.close();
});

test('close settles everything with the code closed, and nothing happens afterwards', async (t) => {
  const { client, socket, sockets, events } = bound(open());
  const sent = client.send(frame(1));
  const held = client.send(frame(2));
  const ready = client.ready();
  client.close();
  client.close();
  t.match(await sent.reply, { type: 'lost', index: 0, error: { code: 'closed' } });
  t.match(await held.reply, { type: 'skipped' });
  await t.rejects(ready, { code: 'closed' });
  await t.rejects(client.ready(), { code: 'closed' });
  await t.rejects(client.opened(), { code: 'closed' });
  t.equal(socket.isClosed, true);
  socket.result(0);
  socket.events.closed('Connection closed (1006)');
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.equal(sockets.length, 1, 'no new attempt');
  t.equal(client.state, 'closed');
  t.ok(client.error instanceof ClientError);
  t.same(events('error'), [], 'closing is not an error');
});

test('close while waiting for a new attempt, and while connecting', async (t) => {
  const { client, socket } = open();
  socket.events.closed('gone');
  t.equal(client.state, 'waiting');
  client.close();
  const other = new FakeGateway();
  const opened = other.client.opened();
  other.client.close();
  await t.rejects(opened, { code: 'closed' });
  other.socket.events.opened();
  t.equal(other.client.state, 'closed');
});

test('a reply for an unknown index, or a second reply, is ignored', async (t) => {
  const { client, socket, events } = bound(open({ maxFps: 1000 }));
  client.send(frame(1));
  for (const index of [7, -1, 0, 0]) socket.result(index);
  socket.drop(0);
  t.equal(events('result').length, 1);
  t.equal(events('dropped').length, 0);
  t.equal(client.inFlight, 0);
  client.close();
});

test('a result can be any JSON value', async (t) => {
  const { client, socket } = open({ maxFps: 1000 });
  for (const result of [null, 5, 'text', [], { timings_ms: null }, { timings_ms: { total: 'long' } }]) {
    await client.ready();
    const { index, reply } = client.send(frame(1));
    socket.say({ frame_index: index, result });
    t.match(await reply, { type: 'result', result });
  }
  t.ok(client.fps > 0);
  client.close();
});

test('an error that is not text is an invalid reply', async (t) => {
  for (const error of [null, 5, {}, { toString: 1, valueOf: 1 }]) {
    const { client, socket } = open();
    await client.ready();
    const { index, reply } = client.send(frame(1));
    const oddTotal = { result: { timings_ms: { total: error } } };
    socket.say({ frame_index: index, ...oddTotal });
    t.match(await reply, { type: 'result', ...oddTotal });
    socket.say({ error, detail: 'x' });
    t.equal(client.error?.code, 'invalid_reply');
  }
});

test('ready stays valid when slow_down arrives with the reply', async (t) => {
  const { client, socket } = open();
  await client.ready();
  client.send(frame(1));
  const ready = client.ready();
  socket.result(0);
  for (let count = 0; count < 60; count++) socket.say({ warning: 'slow_down' });
  await ready;
  t.equal(client.send(frame(2)).index, 1, 'it is sent immediately');
  client.close();
});

test('a listener that throws does not affect the others', async (t) => {
  const { client, socket } = open();
  const thrown: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error));
  client.on('result', () => {
    throw new Error('on purpose');
  });
  let called = 0;
  const off = client.on('result', () => {
    called += 1;
  });
  const { reply } = client.send(frame(1));
  socket.result(0);
  t.match(await reply, { type: 'result' });
  await new Promise((resolve) => setImmediate(resolve));
  process.removeAllListeners('uncaughtException');
  for (const listener of listeners) process.on('uncaughtException', listener);
  t.equal(called, 1);
  t.match(thrown, [{ message: 'on purpose' }]);
  off();
  client.close();
});

/** Binds the methods so that they can be destructured. */
function bound(gateway: FakeGateway) {
  const { client, socket, sockets } = gateway;
  return { client, socket, sockets, events: gateway.events.bind(gateway) as FakeGateway['events'] };
}

async function waitFor(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 2));
}
