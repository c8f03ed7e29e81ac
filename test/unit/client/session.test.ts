/** One connection of the client: phases, indices, replies, timeouts, and exactly one end. */
import { type Test, test } from 'tap';
import { CongestionWindow } from '../../../src/client/congestion-window.ts';
import {
  type OpenSocket,
  type Pending,
  type Reply,
  Session,
  type SessionOptions,
} from '../../../src/client/session.ts';
import { FakeSocket } from '../../support/fake-socket.ts';

function sessionOf(t: Test, options: Partial<SessionOptions> = {}) {
  const events: string[] = [];
  const sockets: FakeSocket[] = [];
  const open: OpenSocket = (url, socketEvents) => {
    const socket = new FakeSocket(url, socketEvents);
    sockets.push(socket);
    return socket;
  };
  const session = new Session({
    ...{ open, url: 'ws://gateway/stream', timeoutMs: 60_000 },
    window: new CongestionWindow({ maxInFlight: 4, maxFps: 1000 }),
    onOpen: () => events.push('open'),
    onSlowDown: () => events.push('slow_down'),
    onReply: () => events.push('reply'),
    onEnd: ({ code, detail }) => events.push(`${code}: ${detail}`),
    ...options,
  });
  t.teardown(() => session.end('closed', 'the test is over'));
  const replies: Reply[] = [];
  const send = (byte: number) => {
    const item: Pending = {
      ...{ index: undefined, frame: Uint8Array.of(byte), reply: new Promise<Reply>(() => undefined) },
      settle: (reply) => replies.push(reply),
    };
    return session.send(item);
  };
  return { session, socket: sockets[0] as FakeSocket, events, replies, send };
}

test('nothing may be sent before the connection is open', async (t) => {
  const { session, socket, events } = sessionOf(t);
  t.equal(session.waitMs(0), Number.POSITIVE_INFINITY);
  socket.result(0);
  t.strictSame(events, [], 'a message before the opening is ignored');
  socket.events.opened();
  socket.events.opened();
  t.strictSame(events, ['open'], 'once');
  t.equal(session.waitMs(performance.now()), 0);
});

test('frames have indices from 0, and each reply settles its frame once', async (t) => {
  const { socket, send, replies, events } = sessionOf(t);
  socket.events.opened();
  t.strictSame([send(7), send(8)], [0, 1]);
  t.strictSame(socket.sent, [Uint8Array.of(7), Uint8Array.of(8)]);
  socket.drop(1);
  socket.result(0);
  socket.result(0);
  socket.result(5);
  t.match(replies, [
    { type: 'dropped', index: 1, frame: Uint8Array.of(8) },
    { type: 'result', index: 0, frame: Uint8Array.of(7), result: { width: 1 } },
  ]);
  t.equal(replies.length, 2, 'a second reply and one to an unknown frame are ignored');
  t.strictSame(events, ['open', 'reply', 'reply', 'reply', 'reply']);
});

test('while the socket has unsent bytes, the next frame waits', async (t) => {
  const { session, socket } = sessionOf(t);
  socket.events.opened();
  socket.bufferedAmount = 1;
  t.ok(session.waitMs(performance.now()) > 0);
  socket.bufferedAmount = 0;
  t.equal(session.waitMs(performance.now()), 0);
});

test('slow_down lowers the rate', async (t) => {
  const { session, socket, events } = sessionOf(t);
  socket.events.opened();
  const before = session.window.fps;
  socket.say({ warning: 'slow_down' });
  t.strictSame(events, ['open', 'slow_down', 'reply']);
  t.ok(session.window.fps < before, `${session.window.fps} after ${before}`);
});

test('an end settles all frames as lost, with the reason, and closes the socket; a second end changes nothing', async (t) => {
  const { session, socket, send, replies, events } = sessionOf(t);
  socket.events.opened();
  send(1);
  send(2);
  socket.fail('pipeline_failure');
  session.end('closed', 'later');
  t.match(replies, [
    { type: 'lost', index: 0, error: { code: 'pipeline_failure', detail: 'detail of pipeline_failure' } },
    { type: 'lost', index: 1, error: { code: 'pipeline_failure' } },
  ]);
  t.strictSame(events, ['open', 'pipeline_failure: detail of pipeline_failure']);
  t.equal(socket.isClosed, true);
  t.equal(session.waitMs(0), Number.POSITIVE_INFINITY);
});

test('a connection that closes before it opened is unreachable, later it is closed', async (t) => {
  const never = sessionOf(t);
  never.socket.events.closed('refused');
  t.strictSame(never.events, ['unreachable: refused']);
  const lost = sessionOf(t);
  lost.socket.events.opened();
  lost.socket.events.closed('gone');
  t.strictSame(lost.events, ['open', 'closed: gone']);
});

test('anything that is not a message of a gateway ends the session', async (t) => {
  for (const data of ['{', '[]', '{"other":1}', '{"error":1,"detail":"x"}', 'null', new Uint8Array(3)]) {
    const { socket, events } = sessionOf(t);
    socket.events.opened();
    socket.events.received(data);
    t.strictSame(events, ['open', 'invalid_reply: The peer is not a framegate gateway'], String(data));
  }
});

test('without a connection or a reply in time, the session ends', async (t) => {
  const ended = Promise.withResolvers<string>();
  sessionOf(t, { timeoutMs: 5, onEnd: ({ code, detail }) => ended.resolve(`${code}: ${detail}`) });
  t.equal(await ended.promise, 'unreachable: No connection within 5 ms');
  const silent = Promise.withResolvers<string>();
  const { socket, send, replies } = sessionOf(t, { timeoutMs: 20, onEnd: ({ code }) => silent.resolve(code) });
  socket.events.opened();
  send(1);
  t.equal(await silent.promise, 'timed_out');
  t.match(replies, [{ type: 'lost', error: { code: 'timed_out' } }]);
});
