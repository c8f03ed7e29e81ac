/** One thread as the loop sees it: what it may be asked in each state, and what it reports. */
import { t as root, type Test, test } from 'tap';
import type { FrameOutcome } from '../../../src/pool/messages.ts';
import { WorkerHandle } from '../../../src/pool/worker-handle.ts';
import { fixtureModels } from '../../support/gateway.ts';
import { encodePicture } from '../../support/jpeg-bytes.ts';
import { until } from '../../support/started-pool.ts';
import { makeModelsDir } from '../../support/temp-models.ts';

const jpeg = encodePicture(32, 24);

/** A thread and what it has reported, event by event. */
function startWorker(t: Test, modelsDir = fixtureModels) {
  const events: string[] = [];
  const faults: (Error | readonly string[] | undefined)[] = [];
  const worker = new WorkerHandle({ modelsDir, providers: ['cpu'] }, 100_000, {
    ready: () => events.push('ready'),
    idle: () => events.push('idle'),
    gone: (_worker, fault) => {
      events.push('gone');
      faults.push(fault);
    },
    bootFailed: (_worker, found) => {
      events.push('boot failed');
      faults.push(found);
    },
  });
  t.teardown(async () => {
    await until(() => worker.kind !== 'busy');
    worker.stop();
    await until(() => worker.kind === 'gone');
  });
  return { worker, events, faults };
}

function run(worker: WorkerHandle, pipelineId: string): Promise<FrameOutcome> {
  return new Promise((resolve) => worker.start({ pipelineId, frameIndex: 0, bytes: jpeg }, 1234, resolve));
}

/** For tests that leave it idle. */
const { worker: shared } = startWorker(root);

test('a worker boots, is idle, works, is idle again and stops', async (t) => {
  const { worker, events, faults } = startWorker(t);
  t.equal(worker.kind, 'booting');
  t.equal(worker.report, undefined);
  await until(() => worker.kind === 'idle');
  t.match(worker.report, { decoder: 'jpeg-turbo', models: [] });
  const outcome = run(worker, 'echo');
  t.equal(worker.kind, 'busy');
  t.equal(worker.busySinceMs, 1234);
  t.equal((await outcome).type, 'result');
  t.equal(worker.kind, 'idle');
  t.equal(worker.busySinceMs, undefined);
  worker.stop();
  t.equal(worker.kind, 'stopping');
  await until(() => worker.kind === 'gone');
  t.same(events, ['ready', 'idle', 'gone']);
  t.same(faults, [undefined]);
});

test('a worker is idle before its answer is told, so that the next frame may come with it', async (t) => {
  await until(() => shared.kind === 'idle');
  const kind = await new Promise((resolve) => {
    shared.start({ pipelineId: 'echo', frameIndex: 0, bytes: jpeg }, 0, () => resolve(shared.kind));
  });
  t.equal(kind, 'idle');
});

test('a frame for a worker that is not idle is a bug, and says so', async (t) => {
  await until(() => shared.kind === 'idle');
  const first = run(shared, 'slow');
  await t.rejects(run(shared, 'echo'), { message: 'a frame for a worker that is busy' });
  t.equal((await first).type, 'result');
});

test('a frame larger than the slot is a bug, and leaves the worker idle', async (t) => {
  await until(() => shared.kind === 'idle');
  const bytes = new Uint8Array(100_001);
  t.throws(() => shared.start({ pipelineId: 'echo', frameIndex: 0, bytes }, 0, () => t.fail('answered')), RangeError);
  t.equal(shared.kind, 'idle');
});

test('a busy worker cannot be stopped, and one without a frame cannot expire', async (t) => {
  await until(() => shared.kind === 'idle');
  shared.expire();
  t.equal(shared.kind, 'idle');
  const outcome = run(shared, 'slow');
  shared.stop();
  t.equal(shared.kind, 'busy');
  t.equal((await outcome).type, 'result');
});

test('a frame that expires is answered once, and its thread ends without a fault', async (t) => {
  const { worker, events, faults } = startWorker(t);
  await until(() => worker.kind === 'idle');
  const outcomes: FrameOutcome[] = [];
  // The thread blocks, so that its result comes before it sees that it has to stop.
  worker.start({ pipelineId: 'blocking', frameIndex: 0, bytes: jpeg }, 0, (outcome) => outcomes.push(outcome));
  worker.expire();
  t.equal(worker.kind, 'overdue');
  t.match(outcomes, [{ code: 'pipeline_failure', detail: 'Pipeline ran out of time' }]);
  await until(() => worker.kind === 'gone');
  t.equal(outcomes.length, 1);
  t.same(events, ['ready', 'gone']);
  t.same(faults, [undefined]);
});

test('a thread that dies answers its frame once and reports why', async (t) => {
  const { worker, events, faults } = startWorker(t);
  await until(() => worker.kind === 'idle');
  t.match(await run(worker, 'dying'), { detail: 'Worker stopped unexpectedly', reason: 'died on purpose' });
  await until(() => worker.kind === 'gone');
  t.same(events, ['ready', 'gone']);
  t.match(faults, [{ message: 'died on purpose' }]);
});

test('a worker that is stopped while it boots ends when it has booted, and never becomes idle', async (t) => {
  const { worker, events, faults } = startWorker(t);
  await t.rejects(run(worker, 'echo'), { message: 'a frame for a worker that is booting' });
  worker.expire();
  t.equal(worker.kind, 'booting');
  worker.stop();
  await until(() => worker.kind === 'gone');
  t.same(events, ['gone']);
  t.same(faults, [undefined]);
});

test('a worker that cannot boot reports its faults and ends', async (t) => {
  const modelsDir = makeModelsDir(t, {});
  const { worker, events, faults } = startWorker(t, modelsDir);
  await until(() => worker.kind === 'gone');
  t.same(events, ['boot failed', 'gone']);
  t.same(faults[0], [`${modelsDir}/pipelines holds no pipeline (*.json)`]);
});
