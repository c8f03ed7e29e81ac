/** A session ends once: with one error and its close code, drained, or with its socket; nothing is sent afterwards. */
import { test } from 'tap';
import { headerOnly } from '../../support/jpeg-bytes.ts';
import { failure, openMockSession, replyOf, sendBufferBytes } from '../../support/mock-session.ts';

const frame = headerOnly({ width: 8, height: 8 });
const noJpeg = Uint8Array.from([1, 2, 3]);

test('a message that is not a JPEG ends the session without involving the pool', async (t) => {
  const { session, pool, outbox, errors } = openMockSession();
  session.receiveFrame(noJpeg);
  t.same(outbox.sent, ['{"error":"invalid_frame","detail":"Not a valid JPEG image: no SOI"}']);
  t.same(outbox.closeCodes, [1007]);
  t.same(errors, [['invalid_frame', 'Not a valid JPEG image: no SOI']]);
  t.same(pool.offered, []);
  t.same(pool.closed, ['the session']);
});

test('a frame that is too large ends the session, and the error shows the limit', async (t) => {
  const { session, outbox } = openMockSession();
  session.receiveFrame(new Uint8Array(100_001));
  t.same(outbox.sent, ['{"error":"frame_too_large","detail":"Frame exceeds 0.1MB"}']);
  t.same(outbox.closeCodes, [1009]);
});

test('a text message ends the session', async (t) => {
  const { session, outbox } = openMockSession();
  session.receiveText();
  t.same(outbox.sent, ['{"error":"invalid_message","detail":"Expected binary frame payload"}']);
  t.same(outbox.closeCodes, [1003]);
});

test('a session that is idle, sends too much, or has an incomplete message while memory is short gets an error', async (t) => {
  const idle = openMockSession();
  idle.session.endIdle('No frame came for 60 s');
  t.same(idle.outbox.sent, ['{"error":"idle_timeout","detail":"No frame came for 60 s"}']);
  t.same(idle.outbox.closeCodes, [1008]);
  const fast = openMockSession();
  fast.session.endWith('rate_limited');
  t.same(fast.outbox.sent, ['{"error":"rate_limited","detail":"Too many frames from this address"}']);
  t.same(fast.outbox.closeCodes, [1008]);
  t.notOk(fast.outbox.wasAborted);
  const half = openMockSession();
  half.session.endForMemory();
  t.same(half.outbox.sent, ['{"error":"server_busy","detail":"The gateway is short of memory"}']);
  t.ok(half.outbox.wasAborted, 'its incomplete message is discarded');
});

test('an internal error is reported without its reason', async (t) => {
  const { session, outbox, errors } = openMockSession();
  session.failInternally('/secret/path: no such file');
  t.same(outbox.sent, ['{"error":"internal_error","detail":"Unexpected error occurred"}']);
  t.same(outbox.closeCodes, [1011]);
  t.same(errors, [['internal_error', '/secret/path: no such file']]);
});

test('a pipeline that fails ends the session with its detail; the reason is for the log', async (t) => {
  const { session, pool, outbox, errors } = openMockSession();
  session.receiveFrame(frame);
  pool.finish(0, failure);
  t.same(outbox.sent, ['{"error":"pipeline_failure","detail":"YOLO inference failed"}']);
  t.same(outbox.closeCodes, [1011]);
  t.same(errors, [['pipeline_failure', 'for the log only']]);
});

test('results of frames before a failed one are still sent, those after it are not', async (t) => {
  const { session, pool, outbox } = openMockSession();
  for (let i = 0; i < 3; i++) session.receiveFrame(frame);
  pool.finish(2);
  pool.finish(1, failure);
  t.same(outbox.sent, []);
  pool.finish(0);
  t.same(outbox.sent, [replyOf(0), '{"error":"pipeline_failure","detail":"YOLO inference failed"}']);
  t.same(outbox.closeCodes, [1011]);
});

test('after the end nothing is sent, counted or offered', async (t) => {
  const { session, pool, outbox, errors } = openMockSession();
  session.receiveFrame(frame);
  session.receiveFrame(frame);
  session.receiveText();
  const sent = outbox.sent.length;
  session.receiveFrame(frame);
  session.receiveFrame(noJpeg);
  session.receiveText();
  session.failInternally('once more');
  session.move('shutdown');
  pool.finish(0);
  pool.finish(1, failure);
  session.socketClosed();
  t.equal(outbox.sent.length, sent);
  t.same(outbox.closeCodes, [1003]);
  t.equal(errors.length, 1);
  t.equal(pool.offered.length, 2);
  t.same(pool.closed, ['the session']);
});

test('a peer that reads nothing loses its session', async (t) => {
  const { session, pool, outbox } = openMockSession();
  session.receiveFrame(frame);
  outbox.unread = 2 * sendBufferBytes;
  pool.finish(0);
  t.same(outbox.sent, ['{"frame_index":0,"dropped":true}'], 'up to twice the limit, dropped is still sent');
  session.receiveFrame(frame);
  outbox.unread = 2 * sendBufferBytes + 1;
  pool.finish(1);
  t.same(outbox.sent.slice(1), ['{"error":"slow_reader","detail":"Replies are not being read"}']);
  t.same(outbox.closeCodes, [1008]);
  t.same(pool.closed, ['the session']);
});

test('a peer that reads nothing loses its session through dropped frames too', async (t) => {
  const { session, pool, outbox, errors } = openMockSession();
  pool.isFull = true;
  outbox.unread = 2 * sendBufferBytes + 1;
  session.receiveFrame(frame);
  session.receiveFrame(frame);
  t.same(outbox.sent, ['{"error":"slow_reader","detail":"Replies are not being read"}']);
  t.equal(errors.length, 1);
});

test('a peer that reads nothing loses its session through pings', async (t) => {
  const { session, pool, outbox } = openMockSession();
  outbox.unread = 2 * sendBufferBytes;
  session.receivePing();
  t.same(outbox.sent, []);
  outbox.unread = 2 * sendBufferBytes + 1;
  session.receivePing();
  session.receivePing();
  t.same(outbox.sent, ['{"error":"slow_reader","detail":"Replies are not being read"}']);
  t.same(outbox.closeCodes, [1008]);
  t.same(pool.closed, ['the session']);
});

test('when the socket has closed, nothing is sent or closed, and the pool session is closed', async (t) => {
  const { session, pool, outbox, errors } = openMockSession();
  session.receiveFrame(frame);
  session.socketClosed();
  session.socketClosed();
  pool.finish(0);
  t.same(outbox.sent, []);
  t.same(outbox.closeCodes, []);
  t.same(errors, []);
  t.same(pool.closed, ['the session']);
});

test('bytes are offered as received, without a copy', async (t) => {
  const { session, pool } = openMockSession();
  session.receiveFrame(frame);
  t.equal(pool.offered[0]?.bytes, frame);
});
