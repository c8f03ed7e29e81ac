/** Peers that do not speak WebSocket, speak it incompletely, or violate it: they are cut without affecting others. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { clientFrame, opcode, RawClient, upgradeRequest } from '../support/raw-client.ts';
import { randomBytes, seededRandom } from '../support/seeded-random.ts';
import { StreamClient } from '../support/stream-client.ts';
import { idle, openFileCount } from '../support/vital-signs.ts';

const frame = encodeGradient(16, 16);

const gateway = await startGateway({ POOL_WORKERS: '2' });
tap.teardown(() => gateway.kill());

async function isServed(): Promise<boolean> {
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  const reply = await client.sendUntilStarted(frame);
  await client.close();
  return 'result' in reply;
}

test('random bytes on the port affect no other client', async (t) => {
  const random = seededRandom(5);
  for (let i = 0; i < 50; i++) {
    const client = await RawClient.connect(gateway);
    client.socket.end(randomBytes(random, 1 + Math.floor(random() * 3000)));
    await client.closed();
  }
  t.ok(await isServed());
});

test('a request line that never ends is cut', async (t) => {
  const client = await RawClient.connect(gateway);
  client.socket.write(`GET /${'x'.repeat(200_000)}`);
  await client.closed();
  t.notMatch(client.text(), /101 Switching/);
  t.ok(await isServed());
});

test('incomplete upgrades delay no other client, and end with their client', async (t) => {
  const request = upgradeRequest('echo');
  const clients: RawClient[] = [];
  for (const part of [0, 1, 20, request.length - 3, request.length - 1]) {
    const client = await RawClient.connect(gateway);
    client.socket.write(request.slice(0, part));
    clients.push(client);
  }
  t.ok(await isServed());
  for (const client of clients) client.socket.destroy();
  t.equal((await idle(gateway)).pool.sessions, 0);
});

test('an upgrade whose headers arrive byte by byte succeeds', async (t) => {
  const client = await RawClient.connect(gateway);
  t.teardown(() => client.socket.destroy());
  client.socket.setNoDelay(true);
  // uWebSockets.js needs the request line itself in one piece.
  const [line, ...headers] = upgradeRequest('echo').split(/(?<=\r\n)/);
  client.socket.write(line as string);
  for (const character of headers.join('')) {
    await new Promise((resolve) => setImmediate(resolve));
    client.socket.write(character);
  }
  while (!client.text().includes('\r\n\r\n')) await client.more();
  t.match(client.text(), /^HTTP\/1\.1 101 /);
});

/** Frames that RFC 6455 forbids. */
const forbidden: [what: string, bytes: Buffer][] = [
  ['a reserved opcode', clientFrame(3, frame)],
  ['a reserved bit', Buffer.from([0xf2, 0x80, 0, 0, 0, 0])],
  ['a continuation without a message', clientFrame(0, frame)],
  ['a ping that is too long', clientFrame(opcode.ping, new Uint8Array(126))],
  ['a fragmented ping', Buffer.from([0x09, 0x80, 0, 0, 0, 0])],
  ['a length of 2⁶³', Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
  ['a length far above the hard cap', Buffer.from([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])],
];

for (const [what, bytes] of forbidden) {
  test(`${what} ends the connection, with or without a close frame`, async (t) => {
    const client = await RawClient.open(gateway, 'echo');
    client.socket.write(bytes);
    await client.closed();
    for (const { opcode: code } of client.frames()) t.equal(code, opcode.close);
    t.ok(await isServed());
  });
}

test('an incomplete message leaks nothing when its client disconnects', async (t) => {
  const client = await RawClient.open(gateway, 'echo');
  client.socket.write(clientFrame(opcode.binary, new Uint8Array(4_000_000)).subarray(0, 3_000_000));
  t.ok(await isServed());
  client.socket.destroy();
  t.equal((await idle(gateway)).pool.sessions, 0);
});

test('300 connections that open and close at once leak nothing', async (t) => {
  await idle(gateway);
  const files = openFileCount(gateway);
  await Promise.all(
    Array.from({ length: 300 }, async (_, number) => {
      const client = await RawClient.connect(gateway);
      if (number % 3 > 0) client.socket.write(upgradeRequest('echo'));
      if (number % 3 > 1) client.send(opcode.binary, frame);
      client.socket.destroy();
    }),
  );
  t.match(await idle(gateway), { pool: { size: 2, ready: 2, sessions: 0, inFlight: 0 } });
  t.ok(openFileCount(gateway) <= files + 3, `${files} files before, ${openFileCount(gateway)} after`);
  t.ok(await isServed());
});

test('no handler threw', async (t) => {
  t.notMatch(gateway.log(), /unexpected_error|worker_exit/);
});
