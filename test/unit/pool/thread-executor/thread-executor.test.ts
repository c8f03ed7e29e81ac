/** Threads with the same pipelines: their number grows and shrinks one at a time, without losing frames. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { FrameSlots } from '../../../../src/pool/frame-slots.ts';
import type { FrameOutcome } from '../../../../src/pool/messages.ts';
import { ThreadExecutor } from '../../../../src/pool/thread-executor/thread-executor.ts';
import { noMoment } from '../../../../src/session-state.ts';
import { fixtureModels } from '../../../support/gateway.ts';
import { encodeGradient } from '../../../support/jpeg-bytes.ts';
import { KeptLog, observerOf, sourceOf, until } from '../../../support/started-pool.ts';

const jpeg = encodeGradient(32, 24);
const farAwayMs = 1e9;

function executorOf(t: Test, ...pipelines: string[]) {
  const slots = new FrameSlots(1_000_000);
  const kept = new KeptLog();
  const changes: number[] = [];
  const executor = new ThreadExecutor({
    setup: {
      memory: slots.memory,
      modelsDir: fixtureModels,
      providers: ['cpu'],
      sources: pipelines.map((id) => {
        const path = join(fixtureModels, 'pipelines', `${id}.json`);
        return { path, text: readFileSync(path, 'utf8') };
      }),
    },
    ...{ generation: 1, pipelines: new Set(pipelines) },
    limits: { maxHeapMegabytes: 512, maxStuckMs: 10_000 },
    ...{ log: kept.log, observer: observerOf(kept.log) },
    capacityChanged: () => changes.push(executor.free),
  });
  t.teardown(() => executor.stop(10_000));
  const run = (pipelineId: string, deadlineMs = farAwayMs): Promise<FrameOutcome> => {
    const slot = slots.allocate(jpeg);
    if (slot === undefined) throw new Error('no room for a frame');
    return executor.run(
      { source: sourceOf(pipelineId), frameIndex: 0, slot, moment: noMoment, holdEndMs: Number.POSITIVE_INFINITY },
      deadlineMs,
    );
  };
  return { executor, slots, kept, changes, run };
}

test('an executor starts without workers, and its capacity grows with each ready one', async (t) => {
  const { executor, changes } = executorOf(t, 'echo');
  t.match(executor, { capacity: 0, free: 0 });
  t.same([...executor.pipelines], ['echo']);
  await executor.grow();
  await executor.grow();
  t.match(executor, { capacity: 2, free: 2 });
  t.same(changes, [1, 2], 'each change is reported');
});

test('a frame occupies a worker until it has its outcome', async (t) => {
  const { executor, run, slots } = executorOf(t, 'slow');
  await executor.grow();
  const outcome = run('slow');
  t.match(executor, { capacity: 1, free: 0 });
  t.match(executor.status(), { ready: 1, busy: 1, timedOut: 0 });
  t.equal((await outcome).type, 'result');
  t.match(executor, { capacity: 1, free: 1 });
  t.equal(slots.usedBytes, 0);
});

test('a frame without a free worker is dropped, and its slot is released', async (t) => {
  const { run, slots } = executorOf(t, 'echo');
  t.same(await run('echo'), { type: 'dropped', reason: 'busy' });
  t.equal(slots.usedBytes, 0);
});

test('an idle worker is retired immediately, a busy one after its frame', async (t) => {
  const { executor, run } = executorOf(t, 'slow');
  await executor.grow();
  await executor.grow();
  const outcome = run('slow');
  await executor.shrink();
  t.match(executor, { capacity: 1, free: 0 });
  const shrunk = executor.shrink();
  t.match(executor, { capacity: 1 }, 'it has a frame');
  t.equal((await outcome).type, 'result');
  await shrunk;
  t.match(executor, { capacity: 0 });
});

test('a worker that was retired is not replaced', async (t) => {
  const { executor, kept } = executorOf(t, 'echo');
  await executor.grow();
  await executor.shrink();
  t.equal(await executor.stop(), true);
  t.same(kept.lines, ['worker_ready']);
});

test('a retiring worker whose frame times out counts as gone', async (t) => {
  const { executor, run } = executorOf(t, 'hanging');
  await executor.grow();
  const outcome = run('hanging', performance.now() + 30);
  const shrunk = executor.shrink();
  t.match(await outcome, { type: 'failed', detail: 'Pipeline timed out' });
  await shrunk;
  t.equal(executor.capacity, 0);
});

test('each frame has its own deadline', async (t) => {
  const { executor, run } = executorOf(t, 'hanging', 'slower');
  await executor.grow();
  await executor.grow();
  const late = run('slower');
  const early = run('hanging', performance.now() + 20);
  t.match(await early, { type: 'failed', detail: 'Pipeline timed out' });
  t.match(await late, { type: 'result' });
  await until(() => executor.capacity === 2);
});

test('an executor that stops starts nothing more and cannot grow', async (t) => {
  const { executor } = executorOf(t, 'echo');
  await executor.grow();
  t.equal(await executor.stop(10_000), true);
  t.match(executor, { capacity: 0, free: 0 });
  await t.rejects(executor.grow(), { message: 'workers are being stopped' });
});

test('growing fails when the executor is stopped meanwhile', async (t) => {
  const { executor } = executorOf(t, 'echo');
  const grown = t.rejects(executor.grow());
  t.equal(await executor.stop(10_000), true);
  await grown;
});
