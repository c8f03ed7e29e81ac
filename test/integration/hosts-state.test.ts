/** The state of a session travels to other hosts: any of them runs its next frame, and a lost one loses nothing. */
import { test } from 'tap';
import { needsBroker, startBroker } from '../support/broker.ts';
import { countingTool } from '../support/counting-tool.ts';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { makeModelsDir, testNode } from '../support/temp-models.ts';
import { eventually, readiness } from '../support/vital-signs.ts';
import { startWorkerHost } from '../support/worker-host.ts';

const frame = encodeGradient(32, 16);
const hostCount = 3;

type Counted = { readonly frames: number; readonly pid: number; readonly events: readonly { readonly n: number }[] };

test('frames of one session run on three hosts in turn, and one is killed in the middle', needsBroker, async (t) => {
  const modelsDir = makeModelsDir(t, {
    pipelines: [{ id: 'count', nodes: [testNode('n', 'count')] }],
    tools: { count: countingTool },
  });
  const broker = await startBroker(t);
  const env = { NATS_URL: broker.url, MODELS_DIR: modelsDir, POOL_WORKERS: '1' };
  const names = Array.from({ length: hostCount }, (_, i) => `host-${i}`);
  const hosts = await Promise.all(names.map((name) => startWorkerHost(t, { ...env, HOST_NAME: name })));
  const gateway = await startGateway({ ...env, POOL_WORKERS: '0', STREAM_HOST_LOST_MS: '1500' });
  t.teardown(() => gateway.kill());
  const hostsUp = (count: number) =>
    eventually(
      async () => (await readiness(gateway)).pool.ready,
      (ready) => ready === count,
      `${count} hosts`,
    );
  await hostsUp(hostCount);

  const client = await StreamClient.open(gateway.streamUrl('count'));
  const results = () => client.with('result').map(({ result }) => result as Counted);
  const pids = () => new Set(results().map(({ pid }) => pid));
  const busy = await StreamClient.open(gateway.streamUrl('count'));
  while (pids().size < hostCount) {
    // The other session occupies a host, so that the next frame runs on another one.
    busy.send(encodeGradient(200, 16));
    await client.sendUntilStarted(frame);
  }
  hosts.find(({ pid }) => pid === results().at(-1)?.pid)?.signal('SIGKILL');
  await client.sendUntilStarted(frame);
  await hostsUp(hostCount - 1);
  for (let i = 0; i < 4; i++) await client.sendUntilStarted(frame);
  const counts = results().map(({ frames }) => frames);
  t.same(
    counts,
    counts.map((_, index) => index + 1),
    'no frame begins anew, and none is counted twice',
  );
  t.same(
    results().flatMap(({ events }) => events.map(({ n }) => n)),
    counts,
  );
});
