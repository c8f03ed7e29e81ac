/** The pool joins scheduler and executors: one outcome for each frame, on one path, with its bytes in place until nobody reads them. */
import { type Test, test } from 'tap';
import type { Executor, StartedFrame } from '../../../src/pool/executor.ts';
import { FrameSlots } from '../../../src/pool/frame-slots.ts';
import type { FrameOutcome } from '../../../src/pool/messages.ts';
import { Pool, type PoolOptions } from '../../../src/pool/pool.ts';
import { KeptLog, until } from '../../support/started-pool.ts';

/** Runs frames until the test ends them. */
class ManualExecutor implements Executor {
  readonly pipelines: ReadonlySet<string>;
  capacity: number;
  readonly started: StartedFrame[] = [];
  readonly #running = new Map<number, { frame: StartedFrame; end: (outcome: FrameOutcome) => void }>();

  constructor(capacity: number, ...pipelines: string[]) {
    this.capacity = capacity;
    this.pipelines = new Set(pipelines);
  }

  get free(): number {
    return this.capacity - this.#running.size;
  }

  run(frame: StartedFrame): Promise<FrameOutcome> {
    this.started.push(frame);
    return new Promise((end) => this.#running.set(frame.frameIndex, { frame, end }));
  }

  async end(frameIndex: number, outcome: FrameOutcome = resultOf(frameIndex)): Promise<void> {
    const running = this.#running.get(frameIndex);
    if (running === undefined) throw new Error(`frame ${frameIndex} does not run here`);
    this.#running.delete(frameIndex);
    running.frame.slot.release();
    running.end(outcome);
    await Promise.resolve();
  }

  status() {
    return { ready: this.capacity, busy: this.#running.size, timedOut: 0, reports: [] };
  }

  async stop(): Promise<boolean> {
    return this.#running.size === 0;
  }
}

function resultOf(frameIndex: number): FrameOutcome {
  return { type: 'result', text: `result ${frameIndex}`, timings: {} };
}

function poolOf(t: Test, executors: ManualExecutor[], options: Partial<PoolOptions> = {}) {
  const slots = new FrameSlots(10_000);
  const loads: string[] = [];
  const pool = new Pool({
    executors,
    poolWorkers: executors.reduce((sum, { capacity }) => sum + capacity, 0),
    slots,
    maxHeldBytes: 8500,
    rules: new Map(),
    maxWaitMs: 60_000,
    frameTimeoutMs: 60_000,
    load: (pipelineId) => loads.push(pipelineId),
    log: new KeptLog().log,
    ...options,
  });
  t.teardown(() => pool.stop(0));
  const outcomes = new Map<number, FrameOutcome>();
  const offer = (sessionId: string, frameIndex: number, pipelineId = 'plates', bytes = Uint8Array.of(frameIndex)) => {
    pool.offer(sessionId, { pipelineId, frameIndex, bytes }, (outcome) => {
      if (outcomes.has(frameIndex)) throw new Error(`frame ${frameIndex} was answered twice`);
      outcomes.set(frameIndex, outcome);
    });
  };
  return { pool, slots, loads, outcomes, offer };
}

test('a frame is started, held and answered; the slot has its bytes until it is released', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, slots, outcomes, offer } = poolOf(t, [executor]);
  pool.openSession('a');
  pool.openSession('b');
  offer('a', 1);
  offer('b', 2);
  t.match(pool.status(), { size: 1, ready: 1, busy: 1, inFlight: 1, held: 1, sessions: 2, pipelines: ['plates'] });
  t.equal(pool.inFlightOf('a'), 1);
  await executor.end(1);
  t.same(outcomes.get(1), resultOf(1));
  const held = executor.started[1] as StartedFrame;
  t.equal(new Uint8Array(slots.memory)[held.slot.offset], 2, 'it was copied when it came');
  await executor.end(2);
  t.match(pool.status(), { inFlight: 0, held: 0 });
  t.equal(slots.takenBytes, 0);
});

test('the freed worker has its next frame before the reply of the last one is written', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, offer } = poolOf(t, [executor]);
  pool.openSession('a');
  pool.openSession('b');
  const startedAtReply: number[] = [];
  const frame = { pipelineId: 'plates', frameIndex: 1, bytes: Uint8Array.of(1) };
  pool.offer('a', frame, () => startedAtReply.push(executor.started.length));
  offer('b', 2);
  await executor.end(1);
  t.same(startedAtReply, [2]);
});

test('two executors of different pipelines and sizes work side by side', async (t) => {
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
  t.equal(pages.started.at(-1)?.frameIndex, 5, 'a plate runs where pages do, too');
  await plates.end(2);
  await plates.end(4);
  await pages.end(5);
  t.same([...outcomes.keys()], [1, 3, 2, 4, 5]);
});

test('a displaced frame is answered at once, and its bytes are given back', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, slots, outcomes, offer } = poolOf(t, [executor]);
  pool.openSession('a');
  for (const index of [1, 2, 3]) offer('a', index);
  t.same(outcomes.get(2), { type: 'dropped', reason: 'displaced' });
  t.equal(slots.takenBytes, 2 * 64);
});

test('a hold ends by itself', async (t) => {
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
  t.same(outcomes.get(2), { type: 'dropped', reason: 'hold_ended' });
  t.same(outcomes.get(3), { type: 'dropped', reason: 'hold_ended' });
  t.equal(pool.status().held, 0);
  t.equal(slots.takenBytes, 64);
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

test('held frames fill their memory and no more, and one that starts has room beside them', async (t) => {
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
  t.equal(executor.started.at(-1)?.frameIndex, 2, 'the pool goes on');
});

test('a frame that is started where no memory is left is dropped, and its worker stays free', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, outcomes, offer } = poolOf(t, [executor]);
  pool.openSession('a');
  offer('a', 1, 'plates', new Uint8Array(20_000));
  t.same(outcomes.get(1), { type: 'dropped', reason: 'memory_full' });
  t.equal(pool.inFlightOf('a'), 0);
  offer('a', 2);
  t.equal(executor.started.at(-1)?.frameIndex, 2);
});

test('a session that closes leaves nothing behind: its held frame is dropped, what runs is answered', async (t) => {
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
  t.equal(slots.takenBytes, 0);
});

test('a drain answers held frames, waits for what runs, and takes nothing more', async (t) => {
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

test('a worker that comes takes what is held', async (t) => {
  const executor = new ManualExecutor(0, 'plates');
  const { pool, offer } = poolOf(t, [executor]);
  pool.openSession('a');
  offer('a', 1);
  t.same(pool.status().pipelines, [], 'nothing can run yet');
  executor.capacity = 1;
  pool.capacityChanged();
  t.equal(executor.started.length, 1);
});

test('a pipeline that no executor can run is asked for; a known one is not, nor any while the pool drains', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, loads } = poolOf(t, [executor]);
  pool.prepare('plates');
  pool.prepare('pages');
  t.same(loads, ['pages']);
  void pool.drain();
  pool.prepare('pages');
  t.same(loads, ['pages']);
});

test('an answer that throws does not disturb the pool', async (t) => {
  const kept = new KeptLog();
  const executor = new ManualExecutor(1, 'plates');
  const { pool, offer, outcomes } = poolOf(t, [executor], { log: kept.log });
  pool.openSession('a');
  pool.offer('a', { pipelineId: 'plates', frameIndex: 1, bytes: Uint8Array.of(1) }, () => {
    throw new Error('nobody is there');
  });
  await executor.end(1);
  offer('a', 2);
  await executor.end(2);
  t.ok(outcomes.has(2));
  t.same(kept.lines, ['an answer could not be delivered']);
});

test('the next frame can be offered from within the answer to the last', async (t) => {
  const executor = new ManualExecutor(1, 'plates');
  const { pool, offer } = poolOf(t, [executor]);
  pool.openSession('a');
  pool.offer('a', { pipelineId: 'plates', frameIndex: 1, bytes: Uint8Array.of(1) }, () => offer('a', 2));
  await executor.end(1);
  t.equal(executor.started.at(-1)?.frameIndex, 2);
});

test('stop says whether every executor ended', async (t) => {
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
