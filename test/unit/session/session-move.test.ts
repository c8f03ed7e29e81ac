/** A session that is asked to move answers every frame once, and closes with 1001. */
import { test } from 'tap';
import { encodeGradient } from '../../support/jpeg-bytes.ts';
import { dropped, failure, openMockSession, replyOf } from '../../support/mock-session.ts';

const frame = encodeGradient(16, 8);
const drops = (indices: number[]) => indices.map((index) => `{"frame_index":${index},"dropped":true}`);

test('without a frame it closes immediately', async (t) => {
  const { session, pool, outbox, errors } = openMockSession();
  session.move('session age');
  session.move('shutdown');
  t.strictSame([outbox.closeCodes, outbox.closeReasons], [[1001], ['session age']], 'once, with the first reason');
  t.strictSame([outbox.sent, errors, pool.closed], [[], [], ['the session']]);
  t.equal(session.error, undefined);
});

test('frames in flight and held get their replies, later ones are dropped and not offered, then it closes', async (t) => {
  const { session, pool, outbox, reports } = openMockSession();
  for (let index = 0; index < 3; index++) session.receiveFrame(frame);
  session.move('session age');
  session.receiveFrame(frame);
  t.strictSame(outbox.sent, drops([3]));
  t.strictSame(reports.at(-1)?.end, { type: 'dropped', reason: 'draining' });
  pool.finish(1);
  pool.finish(2, dropped);
  t.strictSame(outbox.closeCodes, [], 'a result waits for the frame before it');
  session.receiveFrame(frame);
  pool.finish(0);
  t.strictSame(outbox.sent, [...drops([3, 2, 4]), replyOf(0), replyOf(1)]);
  t.strictSame([outbox.closeCodes, outbox.closeReasons], [[1001], ['session age']]);
  t.equal(pool.offered.length, 3);
  session.receiveFrame(frame);
  t.equal(outbox.sent.length, 5, 'what arrives after the close is not answered');
});

test('drops of a move are no reason to slow down', async (t) => {
  const { session, pool, outbox, stateChanges } = openMockSession();
  session.receiveFrame(frame);
  session.move('session age');
  for (let index = 1; index <= 20; index++) session.receiveFrame(frame);
  pool.finish(0);
  t.equal(outbox.sent.length, 21);
  t.strictSame(stateChanges, []);
  t.notOk(outbox.sent.some((text) => text.includes('slow_down')));
});

test('a frame that fails during a move closes with its error, and an invalid one too', async (t) => {
  for (const end of [
    ({ pool }: ReturnType<typeof openMockSession>) => pool.finish(0, failure),
    ({ session }: ReturnType<typeof openMockSession>) => session.receiveFrame(Uint8Array.of(1)),
  ]) {
    const opened = openMockSession();
    opened.session.receiveFrame(frame);
    opened.session.move('shutdown');
    end(opened);
    t.equal(opened.outbox.closeCodes.length, 1);
    t.not(opened.outbox.closeCodes[0], 1001);
  }
});

test('at the end of the grace period it closes without the replies, and says so', async (t) => {
  const { session, outbox } = openMockSession();
  session.receiveFrame(frame);
  session.move('shutdown');
  session.closeNow();
  t.strictSame([outbox.sent, outbox.closeCodes, outbox.closeReasons], [[], [1001], ['shutdown timeout']]);
});
