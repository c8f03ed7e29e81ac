/** One thread as seen from the event loop: what may be requested in each state, and what it reports. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { t as root, type Test, test } from 'tap';
import { FrameSlots } from '../../../../src/pool/frame-slots.ts';
import type { FrameOutcome, PipelineSource } from '../../../../src/pool/messages.ts';
import { WorkerHandle } from '../../../../src/pool/thread-executor/worker-handle.ts';
import { noMoment } from '../../../../src/session-state.ts';
import { fixtureModels } from '../../../support/gateway.ts';
import { encodeGradient } from '../../../support/jpeg-bytes.ts';
import { sourceOf, until } from '../../../support/started-pool.ts';
import { makeModelsDir, testNode } from '../../../support/temp-models.ts';

const jpeg = encodeGradient(32, 24);

/** The files of a models folder, as the main thread passes them to a worker. */
function sourcesOf(modelsDir: string): PipelineSource[] {
  const folder = join(modelsDir, 'pipelines');
  return readdirSync(folder).map((name) => ({ path: name, text: readFileSync(join(folder, name), 'utf8') }));
}

const slots = new FrameSlots(1_000_000);

/** A thread and its events in order. */
function startWorker(t: Test, modelsDir = fixtureModels) {
  const events: string[] = [];
  const issues: (Error | readonly string[] | undefined)[] = [];
  const printed: string[] = [];
  const setup = { memory: slots.memory, modelsDir, providers: ['cpu'], sources: sourcesOf(modelsDir) };
  const worker = new WorkerHandle(
    setup,
    { maxHeapMegabytes: 512 },
    {
      linked: () => events.push('linked'),
      ready: () => events.push('ready'),
      idle: () => events.push('idle'),
      exited: (_worker, issue) => {
        events.push('exited');
        issues.push(issue);
      },
      bootFailed: (_worker, found) => {
        events.push('boot failed');
        issues.push(found);
      },
      printed: (text) => printed.push(text),
    },
  );
  t.teardown(async () => {
    await until(() => worker.kind !== 'busy');
    worker.stop();
    await until(() => worker.kind === 'exited');
  });
  return { worker, events, issues, printed };
}

/** The test image in a separate slot. */
function frameFor(pipelineId: string) {
  const slot = slots.allocate(jpeg);
  if (slot === undefined) throw new Error('no room for a frame');
  return { source: sourceOf(pipelineId), frameIndex: 0, slot, moment: noMoment, holdEndMs: Number.POSITIVE_INFINITY };
}

function run(worker: WorkerHandle, pipelineId: string): Promise<FrameOutcome> {
  return new Promise((resolve) => worker.start(frameFor(pipelineId), 1234, resolve));
}

/** For tests that leave it idle. */
const { worker: shared } = startWorker(root);

test('a worker boots, is idle, works, is idle again and stops', async (t) => {
  const { worker, events, issues } = startWorker(t);
  t.equal(worker.kind, 'booting');
  t.equal(worker.report, undefined);
  await until(() => worker.kind === 'idle');
  t.match(worker.report, { decoder: 'jpeg-turbo', models: [] });
  const outcome = run(worker, 'echo');
  t.equal(worker.kind, 'busy');
  t.equal(worker.deadlineMs, 1234);
  t.equal((await outcome).type, 'result');
  t.equal(worker.kind, 'idle');
  t.equal(worker.deadlineMs, Number.POSITIVE_INFINITY);
  t.equal(slots.usedBytes, 0);
  worker.stop();
  t.equal(worker.kind, 'stopping');
  await until(() => worker.kind === 'exited');
  t.same(events, ['ready', 'idle', 'exited']);
  t.same(issues, [undefined]);
});

test('a worker is idle before its outcome is reported, so that the next frame can start', async (t) => {
  await until(() => shared.kind === 'idle');
  const kind = await new Promise((resolve) => {
    shared.start(frameFor('echo'), 0, () => resolve(shared.kind));
  });
  t.equal(kind, 'idle');
});

test('starting a frame on a worker that is not idle throws', async (t) => {
  await until(() => shared.kind === 'idle');
  const first = run(shared, 'slow');
  await t.rejects(run(shared, 'echo'), { message: 'cannot start a frame: worker is busy' });
  t.equal((await first).type, 'result');
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

test('a frame that expires has one outcome, and its thread ends without an error', async (t) => {
  const { worker, events, issues } = startWorker(t);
  await until(() => worker.kind === 'idle');
  const outcomes: FrameOutcome[] = [];
  // The thread blocks, so that its result arrives before it sees the stop command.
  worker.start(frameFor('blocking'), 0, (outcome) => outcomes.push(outcome));
  const { usedBytes } = slots;
  worker.expire();
  t.equal(worker.kind, 'timed_out');
  t.match(outcomes, [{ code: 'pipeline_failure', detail: 'Pipeline timed out' }]);
  t.equal(slots.usedBytes, usedBytes, 'the thread may still read its frame');
  await until(() => worker.kind === 'exited');
  t.ok(slots.usedBytes < usedBytes);
  t.equal(outcomes.length, 1);
  t.same(events, ['ready', 'exited']);
  t.same(issues, [undefined]);
});

test('a thread that dies drops its frame once and reports why', async (t) => {
  const { worker, events, issues } = startWorker(t);
  await until(() => worker.kind === 'idle');
  t.same(await run(worker, 'dying'), { type: 'dropped', reason: 'worker_lost' });
  await until(() => worker.kind === 'exited');
  t.same(events, ['ready', 'exited']);
  t.match(issues, [{ message: 'died on purpose' }]);
});

test('a worker stopped while booting ends after booting, and never becomes idle', async (t) => {
  const { worker, events, issues } = startWorker(t);
  await t.rejects(run(worker, 'echo'), { message: 'cannot start a frame: worker is booting' });
  worker.expire();
  t.equal(worker.kind, 'booting');
  worker.stop();
  await until(() => worker.kind === 'exited');
  t.same(events, ['exited']);
  t.same(issues, [undefined]);
});

test('a worker that cannot boot reports its issues and ends', async (t) => {
  const modelsDir = makeModelsDir(t, { pipelines: [{ id: 'p', nodes: [testNode('n', 'missing')] }] });
  const { worker, events, issues } = startWorker(t, modelsDir);
  await until(() => worker.kind === 'exited');
  t.same(events, ['boot failed', 'exited']);
  t.match(issues[0], [/p\.json: node "n": unknown tool "test\.missing"/]);
});

test('a worker loads the given contents, even if the files have changed', async (t) => {
  const modelsDir = makeModelsDir(t, {
    pipelines: [{ id: 'p', nodes: [testNode('n', 'nothing')] }],
    tools: { nothing: '' },
  });
  const { worker, events } = startWorker(t, modelsDir);
  writeFileSync(join(modelsDir, 'pipelines', 'p.json'), 'no JSON any more');
  await until(() => worker.kind === 'idle');
  t.same(events, ['ready']);
});

test('tool output on either stream goes to the log, not to the process', async (t) => {
  const tool = `export default ({ z }) => ({
    pluginId: 'test', toolId: 'talk', description: 'Talks.', inputs: [], outputs: [], failureDetail: 'failed',
    params: z.strictObject({}),
    async create() { console.log('to stdout'); console.error('to stderr'); return { run: () => ({}) }; },
  });`;
  const nodes = [{ id: 'talk', plugin_id: 'test', tool_id: 'talk' }];
  const pipeline = { id: 'talk', name: 'talk', description: 'Talks.', nodes, edges: [] };
  const { printed } = startWorker(
    t,
    t.testdir({
      pipelines: { 'talk.json': JSON.stringify({ ...pipeline, entry_nodes: ['talk'], output_nodes: ['talk'] }) },
      tools: { 'talk.mjs': tool },
    }),
  );
  await until(() => printed.length === 2);
  t.strictSame(printed.sort(), ['to stderr\n', 'to stdout\n']);
});
