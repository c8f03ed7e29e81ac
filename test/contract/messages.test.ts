/** WebSocket messages other than a plain frame: text, fragments, pings, protocol errors, and close. */
import tap, { test } from 'tap';
import WebSocket from 'ws';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { idle } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);
const expectedBinary = '{"error":"invalid_message","detail":"Expected binary frame payload"}';

const gateway = await startGateway({ POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

for (const [what, text] of [
  ['a word', 'hello'],
  ['empty text', ''],
  ['JSON', '{"type":"frame","data":"…"}'],
  ['a frame in base64', Buffer.from(frame).toString('base64')],
  ['text above the frame limit', 'x'.repeat(6 * 1_048_576)],
] as const) {
  test(`a text message with ${what} gets invalid_message and 1003`, async (t) => {
    const client = await StreamClient.open(gateway.streamUrl('echo'));
    client.send(text);
    t.equal(await client.closed(), 1003);
    t.strictSame(client.texts, [expectedBinary]);
  });
}

test('a text message ends a session that has frames in flight, and their results are not sent', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('slow'));
  client.send(frame);
  client.send('hello');
  client.send(frame);
  t.equal(await client.closed(), 1003);
  t.strictSame(client.texts, [expectedBinary]);
});

test('invalid UTF-8 text closes the connection without an error message, as documented', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  client.socket.send(Buffer.from([0xc3, 0x28]), { binary: false });
  t.equal(await client.closed(), 1006);
  t.strictSame(client.texts, []);
});

test('a fragmented frame with a ping in between is one frame', async (t) => {
  await idle(gateway);
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  t.teardown(() => client.close());
  const cuts = [0, 1, 2, 100, frame.length - 1, frame.length];
  const pieces = cuts.slice(1).map((end, piece) => frame.subarray(cuts[piece], end));
  for (const [piece, bytes] of pieces.entries()) {
    client.socket.send(bytes, { binary: true, fin: piece === pieces.length - 1 });
    if (piece === 2) await client.settled();
  }
  await client.until(() => client.texts.length > 0);
  t.match(client.replies, [{ frame_index: 0, result: { width: 64, height: 48 } }]);
  t.match(await client.sendUntilStarted(frame), { frame_index: 1 }, 'all fragments count as one frame');
});

test('a ping gets a pong with its payload, also while a frame is in flight', async (t) => {
  await idle(gateway);
  const client = await StreamClient.open(gateway.streamUrl('slower'));
  t.teardown(() => client.close());
  client.send(frame);
  const pong = new Promise<Buffer>((resolve) => client.socket.once('pong', resolve));
  client.socket.ping('are you there?');
  t.equal((await pong).toString(), 'are you there?');
  t.same(client.texts, [], 'the pong was sent before the result');
});

test('a close from the client is echoed with its code', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  client.socket.close(4321, 'enough');
  t.equal(await client.closed(), 4321);
  t.strictSame(client.texts, []);
});

test('a client that offers compression and a subprotocol, like browsers and bridges, is served', async (t) => {
  await idle(gateway);
  const socket = new WebSocket(gateway.streamUrl('echo'), ['camera.v1'], { perMessageDeflate: true });
  const reply = new Promise<string>((resolve, reject) => {
    socket.once('message', (data) => resolve(data.toString()));
    socket.once('error', reject);
  });
  socket.once('open', () => socket.send(frame));
  t.match(JSON.parse(await reply), { frame_index: 0, result: { width: 64 } });
  t.equal(socket.extensions, '', 'compression is off, since JPEG does not compress further');
  socket.close();
});

test('nothing was leaked', async (t) => {
  t.equal((await idle(gateway)).pool.sessions, 0);
});
