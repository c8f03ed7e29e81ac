/** A session numbers its frames and sends one reply each, in order; admission is up to the pool. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { headerOnly } from '../../support/jpeg-bytes.ts';
import { dropped as droppedOutcome, openMockSession, replyOf, resultOf } from '../../support/mock-session.ts';

const frame = headerOnly({ width: 8, height: 8 });

test('a session is opened in the pool under its id, and its pipeline is requested', async (t) => {
  const { session, pool } = openMockSession();
  t.same(pool.opened, ['the session']);
  t.same(pool.prepared, ['the pipeline']);
  t.equal(session.source.sessionId, 'the session');
  t.equal(session.source.pipelineId, 'the pipeline');
});

test('a frame is offered with its pipeline and index, and its result is sent', async (t) => {
  const { session, pool, outbox } = openMockSession();
  session.receiveFrame(frame);
  t.match(pool.offered, [{ source: { pipelineId: 'the pipeline' }, frameIndex: 0, bytes: frame }]);
  t.same(outbox.sent, []);
  pool.finish(0);
  t.same(outbox.sent, [replyOf(0)]);
  t.equal(session.frameIndex, 1);
});

test('results are sent in the order of the frames', async (t) => {
  const { session, pool, outbox } = openMockSession();
  for (let i = 0; i < 3; i++) session.receiveFrame(frame);
  pool.finish(2);
  pool.finish(1);
  t.same(outbox.sent, []);
  pool.finish(0);
  t.same(outbox.sent, [replyOf(0), replyOf(1), replyOf(2)]);
});

test('a dropped frame gets its reply immediately, before results of earlier frames', async (t) => {
  const { session, pool, outbox } = openMockSession();
  session.receiveFrame(frame);
  pool.isFull = true;
  session.receiveFrame(frame);
  t.same(outbox.sent, ['{"frame_index":1,"dropped":true}']);
  pool.finish(0);
  t.same(outbox.sent, ['{"frame_index":1,"dropped":true}', replyOf(0)]);
  t.equal(session.droppedFrames, 1);
  t.equal(session.frameIndex, 2);
});

test('a frame dropped while in flight does not delay later results', async (t) => {
  const { session, pool, outbox } = openMockSession();
  for (let i = 0; i < 3; i++) session.receiveFrame(frame);
  pool.finish(1);
  t.same(outbox.sent, []);
  pool.finish(0, droppedOutcome);
  t.same(outbox.sent, ['{"frame_index":0,"dropped":true}', replyOf(1)]);
});

test('slow_down follows the drop that made the session critical', async (t) => {
  const { session, pool, outbox, stateChanges } = openMockSession();
  pool.isFull = true;
  for (let i = 0; i < 6; i++) session.receiveFrame(frame);
  t.same(outbox.sent.slice(4), [
    '{"frame_index":4,"dropped":true}',
    '{"warning":"slow_down"}',
    '{"frame_index":5,"dropped":true}',
  ]);
  const change = { before: 'normal', state: 'critical', rate: 1, dropReasons: { busy: 5 } };
  t.match(stateChanges, [change], 'the change is reported once');
});

test('the return to normal is reported once per state', async (t) => {
  const { session, pool, stateChanges } = openMockSession();
  pool.isFull = true;
  for (let i = 0; i < 6; i++) session.receiveFrame(frame);
  pool.isFull = false;
  for (let i = 6; i < 200; i++) {
    session.receiveFrame(frame);
    pool.finish(i);
  }
  t.match(stateChanges, [
    { before: 'normal', state: 'critical' },
    { before: 'critical', state: 'warning' },
    { before: 'warning', state: 'normal' },
  ]);
});

test('a session that gets results stays normal without reports', async (t) => {
  const { session, pool, outbox, stateChanges } = openMockSession();
  for (let i = 0; i < 20; i++) {
    session.receiveFrame(frame);
    pool.finish(i);
  }
  t.same(stateChanges, []);
  t.same(
    outbox.sent,
    Array.from({ length: 20 }, (_, i) => replyOf(i)),
  );
});

/** Frames that the pool keeps or drops, and outcomes of one of those in flight: a result, or dropped. */
const steps = fc.array(
  fc.oneof(fc.constantFrom('kept', 'dropped'), fc.record({ which: fc.nat(), wasDropped: fc.boolean() })),
  { maxLength: 60 },
);

/** Runs the steps and finishes what is left. */
function play(sequence: readonly (string | { which: number; wasDropped: boolean })[]) {
  const parts = openMockSession();
  const inFlight: number[] = [];
  for (const step of sequence) {
    if (typeof step === 'string') {
      parts.pool.isFull = step === 'dropped';
      if (step === 'kept') inFlight.push(parts.session.frameIndex);
      parts.session.receiveFrame(frame);
    } else {
      const [index] = inFlight.splice(step.which % (inFlight.length + 1), 1);
      if (index !== undefined) parts.pool.finish(index, step.wasDropped ? droppedOutcome : resultOf(index));
    }
  }
  for (const index of inFlight) parts.pool.finish(index);
  return parts;
}

/** The numbers that a pattern finds in messages. */
function indicesIn(messages: readonly string[], pattern: RegExp): number[] {
  return messages.flatMap((text) => pattern.exec(text)?.[1] ?? []).map(Number);
}

const upwards = (a: number, b: number) => a - b;

test('every frame gets exactly one reply, and results are in order, whatever happens', async () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const { session, outbox } = play(sequence);
      const results = indicesIn(outbox.sent, /^{"frame_index":(\d+),"result"/);
      const dropped = indicesIn(outbox.sent, /^{"frame_index":(\d+),"dropped":true}$/);
      assert.deepEqual(results, results.toSorted(upwards));
      const everyIndex = Array.from({ length: session.frameIndex }, (_, index) => index);
      assert.deepEqual([...results, ...dropped].sort(upwards), everyIndex);
      assert.equal(session.droppedFrames, dropped.length);
    }),
  );
});

test('only results are dropped for a peer that does not keep up', async (t) => {
  const { session, pool, outbox } = openMockSession();
  for (let i = 0; i < 3; i++) session.receiveFrame(frame);
  outbox.unread = 1001;
  pool.finish(0);
  t.same(outbox.sent, ['{"frame_index":0,"dropped":true}']);
  t.equal(session.droppedFrames, 1);
  outbox.unread = 1000;
  pool.finish(1, resultOf(1));
  pool.finish(2);
  t.same(outbox.sent.slice(1), [replyOf(1), replyOf(2)]);
  t.same(outbox.closeCodes, []);
});
