/** The state of a session travels to other hosts: any of them runs its next frame, and a lost one loses nothing. */
import { test } from 'tap';
import { needsBroker, startBroker } from '../support/broker.ts';
import { countingTool } from '../support/counting-tool.ts';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { makeModelsDir, testNode } from '../support/temp-models.ts';
import { eventually, type Readiness, readiness } from '../support/vital-signs.ts';
import { startWorkerHost } from '../support/worker-host.ts';

const frame = encodeGradient(32, 16);
/** Takes a second, so that its host can be killed in the middle of it. */
const slowFrame = encodeGradient(201, 16);

type HostList = Readiness & { readonly hosts: readonly { readonly name: string; readonly in_flight: number }[] };

type Counted = { readonly frames: number; readonly pid: number; readonly events: readonly { readonly n: number }[] };

test('three hosts run the frames of one session in turn, each killed in the middle of one', needsBroker, async (t) => {
  const modelsDir = makeModelsDir(t, {
    pipelines: [{ id: 'count', nodes: [testNode('n', 'count')] }],
    tools: { count: countingTool },
  });
  const broker = await startBroker(t);
  const env = { NATS_URL: broker.url, MODELS_DIR: modelsDir, POOL_WORKERS: '1' };
  const names = ['one', 'two', 'three'];
  const hosts = await Promise.all(names.map((name) => startWorkerHost(t, { ...env, HOST_NAME: name })));
  const gateway = await startGateway({ ...env, POOL_WORKERS: '0', STREAM_HOST_LOST_MS: '1500' });
  t.teardown(() => gateway.kill());
  const hostsUp = (count: number) =>
    eventually(
      async () => (await readiness(gateway)).pool.ready,
      (ready) => ready === count,
      `${count} hosts`,
    );
  await hostsUp(hosts.length);

  const client = await StreamClient.open(gateway.streamUrl('count'));
  const results = () => client.with('result').map(({ result }) => result as Counted);
  for (let up = hosts.length; up > 0; up--) {
    for (let i = 0; i < 3; i++) await client.sendUntilStarted(frame);
    if (up === 1) break;
    const answered = client.replies.length;
    client.send(slowFrame);
    const running = await eventually(
      async () => ((await readiness(gateway)) as HostList).hosts.find(({ in_flight }) => in_flight === 1),
      (host) => host !== undefined,
      'a frame in flight',
    );
    hosts[names.indexOf(running?.name ?? '')]?.signal('SIGKILL');
    await client.until(() => client.replies.length > answered);
    t.match(client.replies.at(-1), { dropped: true });
    await hostsUp(up - 1);
  }
  t.equal(new Set(results().map(({ pid }) => pid)).size, hosts.length, 'every host has run some');
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
