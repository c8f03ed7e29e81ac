/** Loading and limits set in a pipeline file apply on the wire, and files are read only once. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { makeModelsDir, testNode } from '../support/temp-models.ts';
import { eventually, idle, readiness } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);

const modelsDir = makeModelsDir(tap, {
  pipelines: [
    { id: 'first', nodes: [testNode('n', 'wait', { ms: 20 })] },
    { id: 'later', nodes: [testNode('n', 'wait')], load: 'demand' },
    { id: 'small', nodes: [testNode('n', 'wait')], limits: { max_pixels: 1000 } },
    { id: 'ordered', nodes: [testNode('n', 'wait', { ms: 30 })], sequential: true },
    { id: 'dying', nodes: [testNode('n', 'die')] },
  ],
  tools: {
    wait: `params: z.looseObject({ ms: z.number().default(0) }), outputs: ['waited'],
      async create({ ms }) { return { run: () => new Promise((done) => setTimeout(done, ms, { waited: ms })) }; },`,
    die: `async create() {
      return { run: () => (setImmediate(() => { throw new Error('died on purpose'); }), new Promise(() => {})) };
    },`,
  },
});

const gateway = await startGateway({ POOL_WORKERS: '2', MODELS_DIR: modelsDir });
tap.teardown(() => gateway.kill());

async function isLoaded(id: string): Promise<boolean> {
  const response = await fetch(`${gateway.httpUrl}/pipelines`, { headers: { connection: 'close' } });
  const { pipelines } = (await response.json()) as { pipelines: { id: string; loaded: boolean }[] };
  return pipelines.find((pipeline) => pipeline.id === id)?.loaded === true;
}

test('an on-demand pipeline is loaded when a session requests it, while others are served', async (t) => {
  t.equal(await isLoaded('first'), true);
  t.equal(await isLoaded('later'), false);
  const other = await StreamClient.open(gateway.streamUrl('first'));
  const client = await StreamClient.open(gateway.streamUrl('later'));
  let answered = 0;
  while (!(await isLoaded('later'))) {
    t.match(await other.sendUntilStarted(frame), { result: { waited: 20 } });
    answered += 1;
  }
  t.ok(answered > 0);
  t.equal(other.with('dropped').length, 0, 'the other session lost nothing');
  t.match(await client.sendUntilStarted(frame), { result: { waited: 0 } });
  await Promise.all([client.close(), other.close()]);
  t.match(await idle(gateway), { ready: true, degraded: false, pool: { size: 2, ready: 2 } });
});

test('a frame above the pixel limit of its pipeline is invalid, on the stream and over HTTP', async (t) => {
  const detail = 'Not a valid JPEG image: 64x48 exceeds 1000 pixels';
  const client = await StreamClient.open(gateway.streamUrl('small'));
  client.send(frame);
  t.equal(await client.closed(), 1007);
  t.strictSame(client.replies, [{ error: 'invalid_frame', detail }]);
  const response = await fetch(`${gateway.httpUrl}/frames?pipeline_id=small`, {
    method: 'POST',
    headers: { 'content-type': 'image/jpeg', connection: 'close' },
    body: new Uint8Array(frame),
  });
  t.equal(response.status, 400);
  t.strictSame(await response.json(), { error: 'invalid_frame', detail });
  const small = await StreamClient.open(gateway.streamUrl('small'));
  t.match(await small.sendUntilStarted(encodeGradient(20, 20)), { result: { width: 20 } });
  await small.close();
});

test('a sequential pipeline runs one frame of a session at a time, even with two free workers', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('ordered'));
  for (let round = 0; round < 10; round++) {
    client.send(frame);
    client.send(frame);
    const seen = await eventually(
      () => readiness(gateway),
      ({ pool }) => pool.inFlight > 0 || client.with('result').length > round,
      'a frame in flight',
    );
    t.ok(seen.pool.inFlight <= 1, `${seen.pool.inFlight} in flight`);
    await client.until(() => client.with('result').length + client.with('dropped').length === 2 * (round + 1));
  }
  await client.close();
});

test('files are read once: a replacement worker has the same files as the others', async (t) => {
  writeFileSync(join(modelsDir, 'pipelines', 'first.json'), 'not even JSON');
  const client = await StreamClient.open(gateway.streamUrl('dying'));
  await client.sendUntilStarted(frame).catch(() => undefined);
  t.equal(await client.closed(), 1011);
  t.match(await idle(gateway), { pool: { size: 2, ready: 2 } });
  const next = await StreamClient.open(gateway.streamUrl('first'));
  t.match(await next.sendUntilStarted(frame), { result: { waited: 20 } });
  await next.close();
  t.notMatch(gateway.log(), /cannot be set up/);
});
