/** A session reports each received frame exactly once, with how it ended. */
import { test } from 'tap';
import { encodeGradient } from '../../support/jpeg-bytes.ts';
import { dropped, failure, openMockSession, replyOf, sendBufferBytes } from '../../support/mock-session.ts';

const frame = encodeGradient(16, 8);
const closed = { type: 'dropped', reason: 'session_closed' };

test('a result, with its times and sizes', async (t) => {
  const { session, pool, reports } = openMockSession();
  session.receiveFrame(frame);
  pool.finish(0);
  t.match(reports, [
    {
      ...{ frameIndex: 0, byteLength: frame.length, replyBytes: replyOf(0).length, holdMs: 0 },
      end: { type: 'result', timings: {} },
    },
  ]);
  const [{ validateMs, totalMs } = { validateMs: -1, totalMs: -1 }] = reports;
  t.ok(validateMs >= 0 && totalMs >= validateMs);
});

test('a drop, with its reason', async (t) => {
  const { session, pool, outbox, reports } = openMockSession();
  for (let index = 0; index < 2; index++) session.receiveFrame(frame);
  pool.finish(0, dropped);
  outbox.unread = sendBufferBytes + 1;
  pool.finish(1);
  t.match(reports, [
    { frameIndex: 0, end: { type: 'dropped', reason: 'displaced' } },
    { frameIndex: 1, end: { type: 'dropped', reason: 'slow_reader' } },
  ]);
});

test('an invalid frame, and a failure with the frames that are lost by it', async (t) => {
  const invalid = openMockSession();
  invalid.session.receiveFrame(Uint8Array.of(1));
  t.match(invalid.reports, [{ frameIndex: 0, end: { type: 'failed', code: 'invalid_frame' } }]);
  const { session, pool, reports } = openMockSession();
  for (let index = 0; index < 4; index++) session.receiveFrame(frame);
  pool.finish(1);
  pool.finish(2);
  pool.finish(0, failure);
  pool.finish(3);
  t.match(reports, [
    { frameIndex: 0, end: { type: 'failed', code: 'pipeline_failure', reason: 'for the log only' } },
    { frameIndex: 1, end: closed },
    { frameIndex: 2, end: closed },
    { frameIndex: 3, end: closed },
  ]);
});

test('frames without a reply when the socket closes', async (t) => {
  const { session, pool, reports } = openMockSession();
  for (let index = 0; index < 2; index++) session.receiveFrame(frame);
  pool.finish(1);
  session.socketClosed();
  pool.finish(0);
  session.receiveFrame(frame);
  t.match(reports, [
    { frameIndex: 1, end: closed },
    { frameIndex: 0, end: closed },
  ]);
  t.match(session.totals(performance.now()), { frames: 2, results: 0, dropped: 2 });
});

test('the status of an open session', async (t) => {
  const { session, pool, outbox } = openMockSession();
  session.receiveFrame(frame);
  pool.finish(0);
  session.ping(performance.now() + 2000);
  t.same(outbox.pings, ['1']);
  session.receivePong('1', performance.now() + 2007);
  t.match(session.status(performance.now()), {
    ...{ id: 'the session', camera: 'gate', address: '192.0.2.1', pipeline: 'the pipeline' },
    ...{ frames: 1, results: 1, dropped: 0, state: 'normal', drop_rate: 0, unread_bytes: 0, round_trip_ms: Number },
  });
  outbox.unread = 1;
  session.ping(performance.now() + 60_000);
  t.same(outbox.pings, ['1'], 'no ping waits behind unread replies');
});
