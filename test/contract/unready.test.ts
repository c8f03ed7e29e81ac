/** A gateway without any worker left logs the reason and exits with code 1, so that a service manager restarts it. */
import { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { makeModelsDir, testNode } from '../support/temp-models.ts';
import { eventually, readiness } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);

const hang = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); return {};';

test('all threads block in native code forever', async (t) => {
  const gateway = await startGateway({
    MODELS_DIR: makeModelsDir(t, {
      pipelines: [{ id: 'hung', nodes: [testNode('only', 'hang')] }],
      tools: { hang: `async create() { return { run() { ${hang} } }; }` },
    }),
    POOL_WORKERS: '1',
    // Longer than a replacement needs.
    POOL_MAX_UNREADY_MS: '4000',
    STREAM_FRAME_TIMEOUT_MS: '100',
    SHUTDOWN_GRACE_MS: '300',
  });
  t.teardown(() => gateway.kill());
  // The worker and its one replacement; there is no second replacement.
  for (let worker = 0; worker < 2; worker++) {
    const ready = ({ status }: { status: number }) => status === 200;
    await eventually(() => readiness(gateway), ready, 'a worker that is ready');
    const client = await StreamClient.open(gateway.streamUrl('hung'));
    client.send(frame);
    t.equal(await client.closed(), 1011);
  }
  t.equal((await fetch(`${gateway.httpUrl}/healthz`)).status, 200, 'the process is healthy until the limit is reached');
  t.equal((await readiness(gateway)).status, 503);
  t.strictSame(await gateway.ended(), { code: 1, signal: null });
  t.match(gateway.log(), /"level":60,.*"event":"pool_unready","size":1,"ready":0,"timed_out":2/);
});
