/** The pool connects scheduler and executors: one outcome per frame, with its bytes in place until nothing reads them. */
import { test } from 'tap';
import type { StartedFrame } from '../../../src/pool/executor.ts';
import type { FrameOutcome } from '../../../src/pool/messages.ts';
import { ManualExecutor, poolOf, resultOf } from '../../support/manual-executor.ts';
import { KeptLog, sourceOf, until } from '../../support/started-pool.ts';

test('frames are started and held; a slot has its bytes until it is released', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, slots, outcomes, offer } = poolOf(t, [executor]);
  pool.openSession('a');
  pool.openSession('b');
  offer('a', 1);
  offer('b', 2);
  t.match(pool.status(), { size: 1, ready: 1, busy: 1, inFlight: 1, held: 1, sessions: 2, pipelines: ['plates'] });
  await executor.end(1);
  t.same(outcomes.get(1), resultOf(1));
  const held = executor.started[1] as StartedFrame;
  t.equal(new Uint8Array(slots.memory)[held.slot.offset], 2, 'it was copied on arrival');
  await executor.end(2);
  t.match(pool.status(), { inFlight: 0, held: 0 });
  t.equal(slots.usedBytes, 0);
});

test('a freed worker gets its next frame before the previous outcome is reported', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, offer } = poolOf(t, [executor]);
  pool.openSession('a');
  pool.openSession('b');
  const startedAtReply: number[] = [];
  const frame = { source: sourceOf('plates'), frameIndex: 1, bytes: Uint8Array.of(1) };
  pool.offer('a', frame, () => startedAtReply.push(executor.started.length));
  offer('b', 2);
  await executor.end(1);
  t.same(startedAtReply, [2]);
});

test('two executors with different pipelines and sizes work together', async (t) => {
  const [plates, pages] = [new ManualExecutor(2, 'plates'), new ManualExecutor(1, 'plates', 'pages')];
  const { pool, outcomes, offer } = poolOf(t, [plates, pages]);
  for (const session of ['a', 'b', 'c', 'd']) pool.openSession(session);
  offer('a', 1);
  offer('b', 2);
  offer('c', 3, 'pages');
  offer('d', 4);
  t.match([plates.started.length, pages.started.length], [2, 1]);
  t.match(pool.status(), { size: 3, ready: 3, busy: 3, held: 1, pipelines: ['plates', 'pages'] });
  await plates.end(1);
  t.equal(plates.started.at(-1)?.frameIndex, 4);
  offer('a', 5);
  await pages.end(3);
  t.equal(pages.started.at(-1)?.frameIndex, 5, 'a plate can run on the pages executor');
  await plates.end(2);
  await plates.end(4);
  await pages.end(5);
  t.same([...outcomes.keys()], [1, 3, 2, 4, 5]);
});

test('a displaced frame is dropped immediately, and its bytes are released', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, slots, outcomes, offer } = poolOf(t, [executor]);
  pool.openSession('a');
  for (const index of [1, 2, 3]) offer('a', index);
  t.same(outcomes.get(2), { type: 'dropped', reason: 'displaced' });
  t.equal(slots.usedBytes, 2 * 64);
});

test('a hold expires by itself', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, slots, outcomes, offer } = poolOf(t, [executor], { maxWaitMs: 20 });
  pool.openSession('a');
  pool.openSession('b');
  pool.openSession('c');
  offer('a', 1);
  offer('b', 2);
  await new Promise((resolve) => setTimeout(resolve, 5));
  offer('c', 3);
  await until(() => outcomes.size === 2);
  t.same(outcomes.get(2), { type: 'dropped', reason: 'expired' });
  t.same(outcomes.get(3), { type: 'dropped', reason: 'expired' });
  t.equal(pool.status().held, 0);
  t.equal(slots.usedBytes, 64);
});

test('with a wait of 0 a frame is started or dropped', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, outcomes, offer } = poolOf(t, [executor], { maxWaitMs: 0 });
  pool.openSession('a');
  offer('a', 1);
  offer('a', 2);
  t.same(outcomes.get(2), { type: 'dropped', reason: 'busy' });
  t.equal(pool.status().held, 0);
});

test('held frames use at most their memory, and a started one has extra room', async (t) => {
  const executor = new ManualExecutor(2, 'plates', 'pages');
  const { pool, outcomes, offer } = poolOf(t, [executor], { rules: new Map([['pages', { maxWorkers: 1 }]]) });
  for (const session of ['a', 'b', 'c', 'd']) pool.openSession(session);
  offer('a', 1, 'pages', new Uint8Array(500));
  offer('b', 2, 'pages', new Uint8Array(8000));
  offer('c', 3, 'pages', new Uint8Array(800));
  t.same(outcomes.get(3), { type: 'dropped', reason: 'memory_full' });
  t.equal(pool.status().held, 1);
  offer('d', 4, 'plates', new Uint8Array(900));
  t.equal(executor.started.at(-1)?.frameIndex, 4);
  await executor.end(1);
  t.equal(executor.started.at(-1)?.frameIndex, 2, 'the pool continues');
});

test('a frame started without memory left is dropped, and its worker stays free', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, outcomes, offer } = poolOf(t, [executor]);
  pool.openSession('a');
  offer('a', 1, 'plates', new Uint8Array(20_000));
  t.same(outcomes.get(1), { type: 'dropped', reason: 'memory_full' });
  t.equal(pool.status().inFlight, 0);
  offer('a', 2);
  t.equal(executor.started.at(-1)?.frameIndex, 2);
});

test('closing a session drops its held frame, and its running frame still has its outcome', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, slots, outcomes, offer } = poolOf(t, [executor]);
  pool.openSession('a');
  offer('a', 1);
  offer('a', 2);
  pool.closeSession('a');
  t.same(outcomes.get(2), { type: 'dropped', reason: 'session_closed' });
  t.match(pool.status(), { sessions: 0, held: 0, inFlight: 1 });
  await executor.end(1);
  t.ok(outcomes.has(1));
  t.match(pool.status(), { inFlight: 0 });
  t.equal(slots.usedBytes, 0);
});

test('a drain drops held frames, waits for running ones, and starts nothing more', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, outcomes, offer } = poolOf(t, [executor]);
  pool.openSession('a');
  pool.openSession('b');
  offer('a', 1);
  offer('b', 2);
  let drained = false;
  const draining = pool.drain().then(() => {
    drained = true;
  });
  t.equal(pool.isDraining, true);
  t.same(outcomes.get(2), { type: 'dropped', reason: 'draining' });
  offer('b', 3);
  t.same(outcomes.get(3), { type: 'dropped', reason: 'draining' });
  await Promise.resolve();
  t.equal(drained, false);
  await executor.end(1);
  await draining;
  t.same(outcomes.get(1), resultOf(1));
});

test('a new worker starts held frames', async (t) => {
  const executor = new ManualExecutor(0, 'plates');
  const { pool, offer } = poolOf(t, [executor]);
  pool.openSession('a');
  offer('a', 1);
  t.same(pool.status().pipelines, [], 'no pipeline can run yet');
  executor.capacity = 1;
  pool.capacityChanged();
  t.equal(executor.started.length, 1);
});

test('a pipeline is requested with each frame, so that failed ones are retried, except while draining', async (t) => {
  const { pool, loads, offer } = poolOf(t, [new ManualExecutor(1, 'plates')]);
  pool.openSession('a');
  pool.prepare('pages');
  offer('a', 1, 'pages');
  t.same(loads, ['pages', 'pages']);
  void pool.drain();
  pool.prepare('pages');
  t.same(loads, ['pages', 'pages']);
});

test('an outcome callback that ends its session during a hold leaks nothing', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, slots, outcomes, offer } = poolOf(t, [executor]);
  pool.openSession('a');
  offer('a', 1);
  const held = { source: sourceOf('plates'), frameIndex: 2, bytes: new Uint8Array(100) };
  pool.offer('a', held, () => pool.closeSession('a'));
  offer('a', 3);
  t.same(outcomes.get(3), { type: 'dropped', reason: 'session_closed' });
  t.match(pool.status(), { held: 0, sessions: 0 });
  await executor.end(1);
  t.equal(slots.usedBytes, 0);
  pool.openSession('b');
  offer('b', 4, 'plates', new Uint8Array(8500));
  t.equal(executor.started.at(-1)?.frameIndex, 4);
});

test('a held frame can be canceled; a started one cannot', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, slots } = poolOf(t, [executor]);
  pool.openSession('a', 'requests');
  const canceledOutcomes: FrameOutcome[] = [];
  const frame = (frameIndex: number) => ({ source: sourceOf('plates'), frameIndex, bytes: Uint8Array.of(1) });
  const cancelFirst = pool.offer('a', frame(1), (outcome) => canceledOutcomes.push(outcome));
  const cancelSecond = pool.offer('a', frame(2), (outcome) => canceledOutcomes.push(outcome));
  cancelFirst();
  t.same(canceledOutcomes, []);
  cancelSecond();
  cancelSecond();
  t.same(canceledOutcomes, [{ type: 'dropped', reason: 'session_closed' }]);
  t.equal(pool.status().held, 0);
  await executor.end(1);
  cancelFirst();
  t.equal(executor.started.length, 1);
  t.equal(slots.usedBytes, 0);
});

test('one address cannot fill the held memory with its requests', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, outcomes, offer } = poolOf(t, [executor]);
  pool.openSession('address', 'requests');
  pool.openSession('camera');
  offer('address', 1);
  for (let index = 2; index < 8; index++) offer('address', index, 'plates', new Uint8Array(1000));
  t.equal(pool.status().held, 2, 'a quarter of 8500 bytes');
  t.same(outcomes.get(4), { type: 'dropped', reason: 'memory_full' });
  offer('camera', 9, 'plates', new Uint8Array(1000));
  t.equal(pool.status().held, 3);
});

test('a frame may bring limits below those of the pool: its longest hold, and when it must have its outcome', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool } = poolOf(t, [executor]);
  pool.openSession('gateway', 'gateway');
  const offer = (frameIndex: number, maxHoldMs: number) =>
    new Promise<FrameOutcome>((resolve) => {
      const limits = { maxHoldMs, timeoutMs: 5000 };
      pool.offer('gateway', { source: sourceOf('plates'), frameIndex, bytes: Uint8Array.of(1), limits }, resolve);
    });
  const offeredAtMs = performance.now();
  const first = offer(1, 0);
  const expired = await offer(2, 20);
  t.same(expired, { type: 'dropped', reason: 'expired' }, 'the pool itself holds frames for a minute');
  t.ok((executor.started[0]?.holdEndMs ?? 0) >= offeredAtMs);
  t.ok((executor.deadlines[0] ?? Number.POSITIVE_INFINITY) <= performance.now() + 5000, 'not the minute of the pool');
  const canStill = offer(3, 60_000);
  await executor.end(1);
  await executor.end(3);
  t.match(await Promise.all([first, canStill]), [{ type: 'result' }, { type: 'result' }]);
});

test('an outcome callback that throws does not disturb the pool', async (t) => {
  const kept = new KeptLog();
  const executor = new ManualExecutor(1, 'plates');
  const { pool, offer, outcomes } = poolOf(t, [executor], { log: kept.log });
  pool.openSession('a');
  pool.offer('a', { source: sourceOf('plates'), frameIndex: 1, bytes: Uint8Array.of(1) }, () => {
    throw new Error('callback failed');
  });
  await executor.end(1);
  offer('a', 2);
  await executor.end(2);
  t.ok(outcomes.has(2));
  t.same(kept.lines, ['unexpected_error']);
});

test('the next frame can be offered from within an outcome callback', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, offer } = poolOf(t, [executor]);
  pool.openSession('a');
  pool.offer('a', { source: sourceOf('plates'), frameIndex: 1, bytes: Uint8Array.of(1) }, () => offer('a', 2));
  await executor.end(1);
  t.equal(executor.started.at(-1)?.frameIndex, 2);
});

test('stop reports whether every executor ended', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, offer } = poolOf(t, [executor, new ManualExecutor(1, 'pages')]);
  pool.openSession('a');
  t.equal(await pool.stop(0), true);
  const other = poolOf(t, [executor]);
  other.pool.openSession('a');
  other.offer('a', 1);
  t.equal(await other.pool.stop(0), false);
  offer('a', 2);
});
