/** When a client reconnects, how, and when it gives up. */
import { test } from 'tap';
import type { ConnectOptions } from '../../../src/client/client.ts';
import { streamErrors } from '../../../src/errors.ts';
import { FakeGateway } from '../../support/fake-socket.ts';

const frame = Uint8Array.of(1);

/** A connected client with one frame in flight. */
function sending(options: Partial<ConnectOptions> = {}) {
  const gateway = new FakeGateway(options);
  gateway.socket.events.opened();
  return { gateway, sent: gateway.client.send(frame) };
}

test('a lost connection: frames in flight are lost with the code, and a new session starts from 0', async (t) => {
  const { gateway, sent } = sending();
  const { client } = gateway;
  gateway.socket.events.closed('Connection closed (1006)');
  t.match(await sent.reply, { type: 'lost', index: 0, error: { code: 'closed', detail: /1006/ } });
  t.match(gateway.events('state').at(-1), { state: 'waiting', retryInMs: Number });
  t.match(gateway.events('error'), [{ code: 'closed' }]);
  t.equal(client.error, undefined, 'it has not given up');
  t.match(await client.send(frame).reply, { type: 'skipped' });
  const ready = client.ready();
  (await gateway.reconnected()).events.opened();
  await ready;
  t.equal(client.send(frame).index, 0);
  t.equal(gateway.socket.sent.length, 1);
  client.close();
});

/** Codes after which the client always reconnects. */
const temporary = [
  'pipeline_failure',
  'server_busy',
  'slow_reader',
  'idle_timeout',
  'rate_limited',
  'internal_error',
  'of_a_newer_gateway',
];
/** The number of consecutive sessions after which the other codes are fatal. */
const fatalAfter = {
  ...{ invalid_pipeline: 1, invalid_message: 1, unauthorized: 1, forbidden: 1 },
  ...{ invalid_frame: 3, frame_too_large: 3 },
};

test('every code of the contract is in one of the two lists', async (t) => {
  const known = [...temporary.slice(0, -1), ...Object.keys(fatalAfter)];
  t.strictSame(Object.keys(streamErrors).sort(), known.sort());
});

for (const code of temporary) {
  test(`${code}: the frame is lost, and the client reconnects`, async (t) => {
    const { gateway, sent } = sending();
    gateway.socket.fail(code);
    t.match(await sent.reply, {
      type: 'lost',
      error: { code, detail: `detail of ${code}`, message: `${code}: detail of ${code}` },
    });
    t.equal(gateway.socket.isClosed, true);
    for (let session = 2; session <= 4; session++) {
      (await gateway.reconnected()).events.opened();
      gateway.socket.fail(code);
    }
    t.equal(gateway.client.state, 'waiting');
    t.equal(gateway.events('error').length, 4, 'once per session');
    gateway.client.close();
  });
}

for (const [code, sessions] of Object.entries(fatalAfter)) {
  test(`${code}: the client gives up after ${sessions} in a row`, async (t) => {
    const { gateway, sent } = sending();
    const ready = gateway.client.ready();
    for (let session = 1; session < sessions; session++) {
      gateway.socket.fail(code);
      t.equal(gateway.client.state, 'waiting');
      (await gateway.reconnected()).events.opened();
    }
    // The second session was ready as soon as it opened.
    if (sessions > 1) await ready;
    gateway.socket.fail(code);
    t.match(await sent.reply, { type: 'lost', error: { code } });
    if (sessions === 1) await t.rejects(ready, { code });
    t.equal(gateway.client.state, 'closed');
    t.match(gateway.client.error, { name: 'ClientError', code });
    await t.rejects(gateway.client.ready(), { code });
    t.equal(gateway.events('state').at(-1)?.state, 'closed');
    t.equal(gateway.events('error').length, sessions);
    const attempts = gateway.sockets.length;
    await new Promise((resolve) => setTimeout(resolve, 400));
    t.equal(gateway.sockets.length, attempts, 'no further attempt');
  });
}

test('a result resets the count', async (t) => {
  const { gateway } = sending();
  for (let session = 0; session < 6; session++) {
    if (session > 0) gateway.client.send(frame);
    gateway.socket.result(0);
    gateway.socket.fail('invalid_frame');
    t.equal(gateway.client.state, 'waiting');
    (await gateway.reconnected()).events.opened();
  }
  gateway.client.close();
});

test('another error code resets the count', async (t) => {
  const { gateway } = sending();
  for (const code of ['invalid_frame', 'invalid_frame', 'internal_error', 'invalid_frame', 'invalid_frame']) {
    gateway.socket.fail(code);
    t.equal(gateway.client.state, 'waiting');
    (await gateway.reconnected()).events.opened();
  }
  gateway.client.close();
});

test('an unreachable gateway: opened rejects, retry delays grow with jitter, and a result resets them', async (t) => {
  const waits: number[] = [];
  const gateway = new FakeGateway();
  for (let attempt = 0; attempt < 4; attempt++) {
    const opened = gateway.client.opened();
    gateway.socket.events.closed('connect ECONNREFUSED');
    await t.rejects(opened, { code: 'unreachable', detail: 'connect ECONNREFUSED' });
    waits.push(gateway.events('state').at(-1)?.retryInMs ?? 0);
    await gateway.reconnected();
  }
  for (const [attempt, wait] of waits.entries()) {
    t.ok(wait >= 125 * 2 ** attempt && wait <= 250 * 2 ** attempt, `attempt ${attempt}: ${wait}`);
  }
  gateway.socket.events.opened();
  gateway.client.send(frame);
  gateway.socket.result(0);
  gateway.socket.events.closed('gone');
  t.ok((gateway.events('state').at(-1)?.retryInMs ?? 1e9) <= 250);
  gateway.client.close();
});

test('clients do not reconnect at the same moment', async (t) => {
  const waits = Array.from({ length: 20 }, () => {
    const gateway = new FakeGateway();
    gateway.socket.events.closed('gone');
    gateway.client.close();
    return gateway.events('state').find(({ state }) => state === 'waiting')?.retryInMs;
  });
  t.ok(new Set(waits).size > 15);
});

test('maxAttempts: the client gives up with the last error', async (t) => {
  const gateway = new FakeGateway({ maxAttempts: 2 });
  const ready = gateway.client.ready();
  gateway.socket.events.closed('refused');
  (await gateway.reconnected()).events.closed('refused');
  await t.rejects(ready, { code: 'unreachable', detail: 'refused' });
  t.equal(gateway.client.state, 'closed');
});

test('a peer that never opens, and one that never replies, time out after timeoutMs', async (t) => {
  const gateway = new FakeGateway({ timeoutMs: 60 });
  await t.rejects(gateway.client.opened(), { code: 'unreachable', detail: 'No connection within 60 ms' });
  t.equal(gateway.socket.isClosed, true);
  (await gateway.reconnected()).events.opened();
  const { reply } = gateway.client.send(frame);
  t.match(await reply, { type: 'lost', error: { code: 'timed_out', detail: 'No reply within 60 ms' } });
  t.equal(gateway.socket.isClosed, true);
  t.equal(gateway.client.state, 'waiting');
  gateway.client.close();
});

test('an idle session does not time out', async (t) => {
  const { gateway } = sending({ timeoutMs: 60 });
  gateway.socket.result(0);
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.equal(gateway.client.state, 'open');
  gateway.client.close();
});

test('a peer that is not a gateway is fatal', async (t) => {
  for (const answer of ['hello', '5', 'null', '[]', '{"hello":1}', new ArrayBuffer(4), undefined]) {
    const { gateway, sent } = sending();
    gateway.socket.events.received(answer);
    t.match(await sent.reply, { type: 'lost', error: { code: 'invalid_reply' } });
    t.equal(gateway.client.state, 'closed');
  }
});

test('frames sent by a listener when the session ends are skipped, never lost', async (t) => {
  const { gateway, sent } = sending();
  const replies: Promise<{ type: string }>[] = [];
  for (const name of ['lost', 'error', 'state'] as const) {
    gateway.client.on(name, () => void replies.push(gateway.client.send(frame).reply));
  }
  gateway.socket.events.closed('gone');
  await sent.reply;
  gateway.client.close();
  for (const reply of replies) t.match(await reply, { type: 'skipped' });
  t.ok(replies.length >= 3);
});

test('a move: the client goes on at its rate, and at once, and a frame that crossed the close is dropped', async (t) => {
  const { gateway } = sending({ maxFps: 1e6 });
  const { client } = gateway;
  for (let index = 0; index < 20; index++) {
    gateway.socket.result(index);
    await client.ready();
    client.send(frame);
  }
  const { fps } = client;
  t.ok(fps > 20, `the window has grown: ${fps}`);
  const crossing = gateway.events('sent').length - 1;
  gateway.socket.move();
  t.match(gateway.events('dropped'), [{ index: crossing, roundTripMs: Number }]);
  t.strictSame([gateway.events('lost'), client.state, client.inFlight], [[], 'waiting', 0]);
  t.ok((gateway.events('state').at(-1)?.retryInMs ?? 1e9) <= 250);
  t.match(gateway.events('error'), [{ code: 'closed', detail: 'Connection closed (1001, session age)' }]);
  t.equal(client.fps, fps);
  (await gateway.reconnected()).events.closed('connect ECONNREFUSED');
  t.equal(client.fps, fps, 'also after an attempt that fails');
  (await gateway.reconnected()).events.opened();
  t.equal(client.fps, fps);
  t.equal(client.send(frame).index, 0);
  t.equal(client.inFlight, 1);
  gateway.socket.events.closed('gone', { code: 1006, reason: '' });
  t.not(client.fps, fps, 'a cut connection says nothing about the next one');
  t.equal(gateway.events('lost').length, 1);
  client.close();
});

test('a close with 1001 and another reason is a move too, but its frames without a reply are lost', async (t) => {
  for (const reason of ['shutdown timeout', '']) {
    const { gateway, sent } = sending();
    gateway.socket.move(reason);
    t.match(await sent.reply, { type: 'lost', error: { code: 'closed' } });
    t.ok((gateway.events('state').at(-1)?.retryInMs ?? 1e9) <= 250);
    gateway.client.close();
  }
});

test('nothing is sent after the close frame has arrived', async (t) => {
  const { gateway } = sending();
  gateway.socket.result(0);
  gateway.socket.readyState = 2;
  const late = gateway.client.send(frame);
  t.equal(gateway.socket.sent.length, 1);
  gateway.socket.move();
  t.match(await late.reply, { type: 'skipped' });
  gateway.client.close();
});

test('maxAttempts does not count moves that follow a result', async (t) => {
  const { gateway } = sending({ maxAttempts: 1 });
  for (let move = 0; move < 3; move++) {
    gateway.socket.result(0);
    gateway.socket.move();
    t.equal(gateway.client.state, 'waiting');
    (await gateway.reconnected()).events.opened();
    gateway.client.send(frame);
  }
  gateway.client.close();
});
