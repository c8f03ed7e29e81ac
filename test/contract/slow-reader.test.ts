/** `slow_reader`: a peer that stops reading first loses results, then its session, without growing the gateway's memory. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { opcode, RawClient } from '../support/raw-client.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, idle, readiness, residentMegabytes } from '../support/vital-signs.ts';

const frame = encodeGradient(8, 8);

// Three workers, so that one remains for the other session while this one uses its share.
const gateway = await startGateway({ POOL_WORKERS: '3', STREAM_SEND_BUFFER_KB: '256' });
tap.teardown(() => gateway.kill());

/** Sends frames until the gateway has ended the session of a client that does not read. @returns how many were sent. */
async function sendUntilEnded(client: RawClient, otherSessions: number): Promise<number> {
  let sent = 0;
  await eventually(
    async () => {
      for (let i = 0; i < 200; i++, sent++) client.send(opcode.binary, frame);
      return await readiness(gateway);
    },
    ({ pool }) => pool.sessions === otherSessions,
    'the end of the session that does not read',
  );
  return sent;
}

test('a peer that does not read loses results, then its session, while another session is served', async (t) => {
  const other = await StreamClient.open(gateway.streamUrl('echo'));
  t.teardown(() => other.close());
  await other.sendUntilStarted(frame);
  const lazy = await RawClient.open(gateway, 'bulky');
  t.teardown(() => lazy.socket.destroy());
  lazy.socket.pause();
  const ended = sendUntilEnded(lazy, 1);
  for (let i = 0; i < 10; i++) t.match(await other.sendUntilStarted(frame), { result: { slept: 0 } });
  const sent = await ended;
  t.match(await other.sendUntilStarted(frame), { result: { slept: 0 } }, 'and afterwards');

  // A peer that reads late finds everything that was sent, in order.
  lazy.socket.resume();
  await eventually(
    () => lazy.frames(),
    (frames) => frames.at(-1)?.opcode === opcode.close,
    'the close frame',
  );
  const frames = lazy.frames();
  t.equal(frames.at(-1)?.payload.readUInt16BE(0), 1008);
  const texts = frames.filter((each) => each.opcode === opcode.text).map(({ payload }) => payload.toString());
  t.equal(texts.at(-1), '{"error":"slow_reader","detail":"Replies are not being read"}');
  const replies = texts.slice(0, -1).map((text) => JSON.parse(text) as Record<string, unknown>);
  const answeredIndices = replies
    .filter((reply) => 'frame_index' in reply)
    .map((reply) => reply['frame_index'] as number);
  t.equal(new Set(answeredIndices).size, answeredIndices.length, 'at most one reply per index');
  t.ok(answeredIndices.length <= sent);
  t.ok(
    replies.some((reply) => 'result' in reply),
    'while the buffer had room, results were sent',
  );
  const lastResult = replies.findLastIndex((reply) => 'result' in reply);
  t.ok(replies.length - lastResult > 100, 'at the end only short replies were sent, no results');
});

test('peers that do not read cause no permanent memory growth', async (t) => {
  const before = residentMegabytes(gateway);
  for (let round = 0; round < 8; round++) {
    const lazy = await RawClient.open(gateway, 'bulky');
    lazy.socket.pause();
    await sendUntilEnded(lazy, 0);
    lazy.socket.destroy();
  }
  await idle(gateway);
  const grownBy = residentMegabytes(gateway) - before;
  // Eight sessions that kept every unread result would use hundreds of megabytes.
  t.ok(grownBy < 100, `grew by ${Math.round(grownBy)} MB`);
});

test('the place of a peer that does not read becomes free for others', async (t) => {
  const single = await startGateway({ POOL_WORKERS: '1', STREAM_MAX_SESSIONS: '1', STREAM_SEND_BUFFER_KB: '1' });
  t.teardown(() => single.kill());
  const lazy = await RawClient.open(single, 'bulky');
  t.teardown(() => lazy.socket.destroy());
  lazy.socket.pause();
  const sends = setInterval(() => lazy.send(opcode.binary, frame), 5);
  t.teardown(() => clearInterval(sends));
  await eventually(
    () => readiness(single),
    ({ pool }) => pool.sessions === 0,
    'the end of the session',
  );
  clearInterval(sends);
  const next = await eventually(
    async () => {
      const client = await StreamClient.open(single.streamUrl('echo'));
      const firstReply = await client.sendUntilStarted(frame).catch((error: Error) => error.message);
      client.socket.terminate();
      return firstReply;
    },
    (firstReply) => typeof firstReply !== 'string',
    'a place for the next client',
  );
  t.match(next, { frame_index: 0, result: { slept: 0 } });
});
