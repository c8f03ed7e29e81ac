/** Threads that never finish: terminated without harm to the process, so that no number of them stops the gateway. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import tap, { test } from 'tap';
import { type Gateway, shippedModels, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { makeModelsDir, testNode } from '../support/temp-models.ts';
import { eventually, idle, openFileCount, readiness, threadCount } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);
const timedOut = '{"error":"pipeline_failure","detail":"Pipeline timed out"}';
/** libuv and V8 open helper threads and files on demand. */
const tolerance = 4;

const stuckTools = {
  loop: 'async create() { return { run: () => { for (;;); } }; },',
  wait: `async create() {
    return { run: () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) };
  },`,
  backtrack: `async create() { return { run: () => ({ found: /(a+)+b/.test('a'.repeat(60)) }) }; },`,
  sleep: 'async create() { return { run: () => ({}) }; },',
};
const stuckPipelines = ['loop', 'wait', 'backtrack'] as const;

const modelsDir = makeModelsDir(tap, {
  pipelines: ['echo', ...stuckPipelines].map((id) => ({ id, nodes: [testNode('only', id === 'echo' ? 'sleep' : id)] })),
  tools: stuckTools,
});
const gateway = await startGateway({
  MODELS_DIR: modelsDir,
  POOL_WORKERS: '2',
  STREAM_FRAME_TIMEOUT_MS: '300',
  POOL_STUCK_MS: '100',
});
tap.teardown(() => gateway.kill());

/** Sends one frame that never finishes, and waits until its session has ended. */
async function stick(on: Gateway, pipelineId: string): Promise<StreamClient> {
  const client = await StreamClient.open(on.streamUrl(pipelineId));
  await client.sendUntilStarted(frame).catch(() => undefined);
  await client.closed();
  return client;
}

test('more stuck threads than the pool may replace: it still recovers its size', async (t) => {
  const threads = threadCount(gateway);
  const files = openFileCount(gateway);
  const bystander = await StreamClient.open(gateway.streamUrl('echo'));
  // Without termination, twice as many as the pool size would leave no worker.
  for (let round = 0; round < 2; round++) {
    const stuck = await Promise.all(stuckPipelines.map((pipelineId) => stick(gateway, pipelineId)));
    for (const client of stuck) {
      t.equal(client.closeCode, 1011);
      t.equal(client.texts.at(-1), timedOut);
      t.equal(client.with('error').length, 1);
    }
    t.match(await bystander.sendUntilStarted(frame), { result: { width: 64 } });
  }
  t.equal(bystander.closeCode, undefined);
  await bystander.close();
  t.match(await idle(gateway), { pool: { size: 2, ready: 2, timedOut: 0 }, degraded: false });
  t.ok(threadCount(gateway) - threads <= tolerance, `${threads} threads before, ${threadCount(gateway)} after`);
  t.ok(openFileCount(gateway) - files <= tolerance, `${files} files before, ${openFileCount(gateway)} after`);
  t.match(gateway.log(), /"event":"worker_stuck"/);
  t.notMatch(gateway.log(), /"event":"worker_exit"/, 'the end was requested');
});

test('a thread inside ONNX Runtime is not terminated there, which would abort the process', async (t) => {
  // The frame has the model's own size, so nearly all of its time is spent in ONNX Runtime. It times out in the middle, and from then on its
  // thread may be terminated.
  const params = { model: 'plate-yolo', imgsz: [1600, 1600] };
  const detect = { id: 'detect', plugin_id: 'yolo', tool_id: 'detect_objects', params };
  const ownModels = makeModelsDir(t, { pipelines: [{ id: 'detect', nodes: [detect] }] });
  symlinkSync(join(shippedModels, 'plate-yolo'), join(ownModels, 'plate-yolo'));
  const busy = await startGateway({
    MODELS_DIR: ownModels,
    POOL_WORKERS: '1',
    STREAM_FRAME_TIMEOUT_MS: '20',
    POOL_STUCK_MS: '0',
  });
  t.teardown(() => busy.kill());
  const large = encodeGradient(1600, 1600);
  for (let round = 0; round < 2; round++) {
    const client = await StreamClient.open(busy.streamUrl('detect'));
    await client.sendUntilStarted(large).catch(() => undefined);
    t.equal(await client.closed(), 1011);
    t.equal(client.texts.at(-1), timedOut);
    await eventually(
      () => readiness(busy),
      ({ pool }) => pool.ready === 1 && pool.timedOut === 0,
      'a worker',
    );
  }
  t.match(await busy.stop(), { code: 0, signal: null });
});
