/** A worker whose models run in an engine: it has no use without one, and knows when it is served again. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import type { EngineLinks, LinkedWorker } from '../../../../src/engine-link.ts';
import { EngineClient } from '../../../../src/models/engine/engine-client.ts';
import { OnnxDevice } from '../../../../src/models/engine/onnx-device.ts';
import { FrameSlots } from '../../../../src/pool/frame-slots.ts';
import type { FrameOutcome } from '../../../../src/pool/messages.ts';
import { WorkerHandle } from '../../../../src/pool/thread-executor/worker-handle.ts';
import { noMoment } from '../../../../src/session-state.ts';
import { EngineHarness } from '../../../support/engine-harness.ts';
import { encodeGradient } from '../../../support/jpeg-bytes.ts';
import { onnxFixture } from '../../../support/onnx-fixtures.ts';
import { sourceOf, until } from '../../../support/started-pool.ts';
import { makeModelsDir, testNode } from '../../../support/temp-models.ts';

const jpeg = encodeGradient(32, 24);
const slots = new FrameSlots(1_000_000);

/** `unused`: allocates a row, and does not use it. */
const double = `async create(params, { models }) {
  const model = await models.load('double.onnx');
  const run = async () => (await model.run({ x: { data: Float32Array.of(2), dims: [1, 1] } })).y.data[0];
  return {
    async warm() { await run(); },
    async run() {
      if (!params.unused) return { doubled: await run() };
      model.allocate('x', [1, 1]);
      throw new Error('before its run');
    },
  };
},`;

/** A worker with an engine in this thread. */
async function startWorker(t: Test) {
  const modelsDir = makeModelsDir(t, {
    tools: { double },
    pipelines: [
      { id: 'p', nodes: [testNode('n', 'double')] },
      { id: 'unused', nodes: [testNode('n', 'double', { unused: true })] },
    ],
  });
  copyFileSync(onnxFixture('double'), join(modelsDir, 'double.onnx'));
  const sources = ['p', 'unused'].map((id) => {
    const path = join(modelsDir, 'pipelines', `${id}.json`);
    return { path: `${id}.json`, text: readFileSync(path, 'utf8') };
  });
  const engine = startEngine(t);
  let linked: LinkedWorker | undefined;
  const engines: EngineLinks = {
    attach: (worker) => {
      linked = worker;
      return { links: [engine.link(1)], detach: () => undefined };
    },
    status: () => [],
  };
  const events: string[] = [];
  const worker = new WorkerHandle(
    { memory: slots.memory, modelsDir, providers: [], sources },
    { maxHeapMegabytes: 512, engines },
    {
      linked: () => events.push('linked'),
      ready: () => events.push('ready'),
      idle: () => undefined,
      exited: (_worker, error) => events.push(`exited: ${error?.message}`),
      bootFailed: (_worker, issues) => events.push(issues.join()),
      printed: () => undefined,
    },
  );
  t.teardown(async () => {
    worker.stop();
    await until(() => worker.kind === 'exited');
  });
  await until(() => events.length > 0);
  if (linked === undefined) throw new Error('not attached');
  return { worker, engine, events, link: linked };
}

function startEngine(t: Test): EngineHarness<OnnxDevice> {
  return new EngineHarness(t, new OnnxDevice(['cpu'], undefined));
}

function run(worker: WorkerHandle, pipelineId = 'p'): Promise<FrameOutcome> {
  const slot = slots.allocate(jpeg);
  if (slot === undefined) throw new Error('no room for a frame');
  const frame = {
    source: sourceOf(pipelineId),
    frameIndex: 0,
    slot,
    moment: noMoment,
    holdEndMs: Number.POSITIVE_INFINITY,
  };
  return new Promise((resolve) => worker.start(frame, Number.POSITIVE_INFINITY, resolve));
}

test('a worker whose engine is lost runs nothing until it is linked with another', async (t) => {
  const { worker, events, link, engine } = await startWorker(t);
  t.match(await run(worker), { type: 'result', text: /"doubled":4/ });
  t.equal(engine.counters.load, 0);
  link.lost(0);
  t.equal(worker.kind, 'unlinked');
  t.throws(() => worker.start({} as never, 0, () => undefined), /worker is unlinked/);
  link.link(startEngine(t).link(1));
  await until(() => worker.kind === 'idle');
  t.match(await run(worker), { type: 'result' });
  t.same(events, ['ready', 'linked']);
});

test('an engine that was linked and is lost again does not count', async (t) => {
  const { worker, events, link } = await startWorker(t);
  link.lost(0);
  link.link(startEngine(t).link(1));
  link.lost(0);
  const replaced = startEngine(t);
  link.link(replaced.link(1));
  await until(() => worker.kind === 'idle');
  t.match(await run(worker), { type: 'result' });
  t.same(events, ['ready', 'linked'], 'once');
  t.equal(replaced.counters.totals.rows, 1, 'in the one that is there');
});

test('a link that is answered after its engine was lost is too late', async (t) => {
  const { worker, events, link } = await startWorker(t);
  link.lost(0);
  const lost = Promise.withResolvers<void>();
  /** Its model runs once, to be ready; then the worker answers while this thread does not read, but learns of the loss. */
  class Lost extends OnnxDevice {
    override async load(name: string, path: string) {
      const model = await super.load(name, path);
      const run: typeof model.run = async (inputs) => {
        setImmediate(() => {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
          link.lost(0);
          lost.resolve();
        });
        return model.run(inputs);
      };
      return { ...model, run };
    }
  }
  link.link(new EngineHarness(t, new Lost(['cpu'], undefined)).link(1));
  await lost.promise;
  const replaced = startEngine(t);
  link.link(replaced.link(1));
  await until(() => worker.kind === 'idle');
  t.match(await run(worker), { type: 'result' });
  t.same(events, ['ready', 'linked'], 'once');
});

test('what a failed frame has allocated is free again', async (t) => {
  const { worker, engine } = await startWorker(t);
  t.match(await run(worker, 'unused'), { type: 'failed' });
  // Another worker gets all rows at once.
  const client = new EngineClient([engine.link(2)]);
  const model = await client.open({ name: 'double.onnx', path: onnxFixture('double'), overrides: {} });
  await Promise.all(Array.from({ length: 32 }, () => model.run({ x: { data: Float32Array.of(1), dims: [1, 1] } })));
  t.equal(engine.counters.load, 0);
});
