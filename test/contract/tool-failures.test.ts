/** Workers that fail while others are served: out of memory, exit, replacement during a frame. Other sessions are not affected. */
import tap, { type Test, test } from 'tap';
import { beside } from '../support/bystander.ts';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { makeModelsDir, testNode } from '../support/temp-models.ts';
import { eventually, idle, readiness, threadCount } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);
const workerStopped = '{"error":"pipeline_failure","detail":"Worker stopped unexpectedly"}';
/** libuv and V8 start helper threads on demand. */
const tolerance = 4;

const tools = {
  sleep: 'async create() { return { run: () => new Promise((done) => setTimeout(done, 30, {})) }; },',
  exit: 'async create() { return { run: () => process.exit(3) }; },',
  exhaust:
    'async create() { return { run: () => { for (let kept; ; ) kept = { kept, text: String(Math.random()) }; } }; },',
  reserve: 'async create() { return { run: () => ({ bytes: new ArrayBuffer(2 ** 52).byteLength }) }; },',
};

const pipelines = [
  ...['sleep', 'exit', 'exhaust', 'reserve'].map((id) => ({ id, nodes: [testNode('only', id)] })),
  { id: 'later', load: 'demand' as const, nodes: [testNode('only', 'sleep')] },
];
const gateway = await startGateway({ MODELS_DIR: makeModelsDir(tap, { pipelines, tools }), POOL_HEAP_MB: '64' });
tap.teardown(() => gateway.kill());

/** Sends until the session ends, which happens when it has lost its second worker. */
async function loseTwoWorkers(t: Test, pipelineId: string): Promise<void> {
  const client = await StreamClient.open(gateway.streamUrl(pipelineId));
  await client.sendUntilStarted(frame).catch(() => undefined);
  t.equal(await client.closed(), 1011);
  t.equal(client.texts.at(-1), workerStopped);
  t.equal(client.with('result').length, 0);
}

test('a failed buffer allocation fails the tool, and its worker continues', async (t) => {
  await beside(t, gateway.streamUrl('sleep'), async () => {
    const client = await StreamClient.open(gateway.streamUrl('reserve'));
    await client.sendUntilStarted(frame).catch(() => undefined);
    t.equal(await client.closed(), 1011);
    t.equal(client.texts.at(-1), '{"error":"pipeline_failure","detail":"Test tool failed"}');
  });
  t.notMatch(gateway.log(), /worker_exit/);
});

for (const [pipelineId, what, logged] of [
  ['exhaust', 'runs out of memory', /ERR_WORKER_OUT_OF_MEMORY/],
  ['exit', 'exits', /worker thread exited by itself/],
] as const) {
  test(`a worker that ${what} is replaced without affecting other sessions`, async (t) => {
    const threads = threadCount(gateway);
    await beside(t, gateway.streamUrl('sleep'), () => loseTwoWorkers(t, pipelineId));
    t.match(await idle(gateway), { degraded: false, pool: { size: 2, ready: 2 } });
    t.ok(threadCount(gateway) - threads <= tolerance, `${threads} threads before, ${threadCount(gateway)} after`);
    t.match(gateway.log(), logged);
  });
}

test('replacing workers while frames run loses no frames', async (t) => {
  await beside(t, gateway.streamUrl('sleep'), async () => {
    const client = await StreamClient.open(gateway.streamUrl('later'));
    t.match(await client.sendUntilStarted(frame), { result: { width: 64 } });
    await client.close();
    await eventually(
      () => readiness(gateway),
      ({ pool }) => pool.ready === pool.size,
      'all workers to have the larger set',
    );
  });
  t.match(await idle(gateway), { pool: { size: 2, ready: 2 } });
});
