/** Hosts in use by more than one gateway, and while pipelines change: with a real broker and real processes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { needsBroker, startBroker } from '../support/broker.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { makeModelsDir, pipelineFile } from '../support/temp-models.ts';
import { eventually, type Readiness, readiness } from '../support/vital-signs.ts';
import { startWorkerHost } from '../support/worker-host.ts';

const frame = encodeGradient(16, 16);

type Shown = Readiness & {
  readonly generation: number;
  readonly reloads: { readonly succeeded: number };
  readonly hosts: readonly { readonly generation: number; readonly limit: number }[];
};
const shown = async (gateway: Gateway) => (await readiness(gateway)) as Shown;

test(
  'pipelines change on the gateway first, then on the host: no frame is without a host, no session goes back',
  needsBroker,
  async (t) => {
    const node = (text: string) => ({ id: 'only', plugin_id: 'test', tool_id: 'note', params: { text } });
    const note = "outputs: ['note'], async create({ text }) { return { run: () => ({ note: text }) }; },";
    const folder = () => makeModelsDir(t, { pipelines: [{ id: 'noted', nodes: [node('old')] }], tools: { note } });
    const change = (dir: string) =>
      writeFileSync(
        join(dir, 'pipelines', 'noted.json'),
        JSON.stringify(pipelineFile({ id: 'noted', nodes: [node('new')] })),
      );
    const broker = await startBroker(t);
    const [here, there] = [folder(), folder()];
    const host = await startWorkerHost(t, { NATS_URL: broker.url, HOST_NAME: 'one', MODELS_DIR: there });
    const gateway = await startGateway({ NATS_URL: broker.url, POOL_WORKERS: '0', MODELS_DIR: here });
    t.teardown(() => gateway.kill());
    await eventually(
      () => shown(gateway),
      ({ hosts }) => hosts.length === 1,
      'the host',
    );
    const client = await StreamClient.open(gateway.streamUrl('noted'));
    t.match(await client.sendUntilStarted(frame), { result: { note: 'old' } });
    change(here);
    gateway.signal('SIGHUP');
    await eventually(
      () => shown(gateway),
      ({ reloads }) => reloads.succeeded === 1,
      'the reload of the gateway',
    );
    t.match(await client.sendUntilStarted(frame), { result: { note: 'old' } }, 'the host still runs the previous one');
    change(there);
    host.signal('SIGHUP');
    await eventually(
      () => shown(gateway),
      ({ hosts }) => hosts[0]?.generation === 2,
      'the reload of the host',
    );
    t.match(await client.sendUntilStarted(frame), { result: { note: 'new' } });
    t.equal(client.with('dropped').length, 0);
  },
);

test(
  'a host that is used by two gateways runs the frames of both, and one that is alone again gets all of it',
  needsBroker,
  async (t) => {
    const broker = await startBroker(t);
    await startWorkerHost(t, { NATS_URL: broker.url, HOST_NAME: 'one', POOL_WORKERS: '2' });
    const gateways = await Promise.all([1, 2].map(() => startGateway({ NATS_URL: broker.url, POOL_WORKERS: '0' })));
    for (const gateway of gateways) t.teardown(() => gateway.kill());
    const cameras = await Promise.all(
      gateways.flatMap((gateway) => [1, 2, 3].map(() => StreamClient.open(gateway.streamUrl('by_width')))),
    );
    const sending = setInterval(() => {
      for (const camera of cameras) if (camera.closeCode === undefined) camera.send(frame);
    }, 20);
    t.teardown(() => clearInterval(sending));
    const limits = async () => Promise.all(gateways.map(async (gateway) => (await shown(gateway)).hosts[0]?.limit));
    await eventually(limits, ([a, b]) => a !== undefined && a === b && a < 3, 'equal shares');
    await Promise.all(cameras.map((camera) => camera.until(() => camera.with('result').length >= 10)));
    await gateways[1]?.stop();
    await eventually(
      async () => (await shown(gateways[0] as Gateway)).hosts[0]?.limit,
      (limit) => (limit ?? 0) > 2,
      'the whole host',
    );
    t.ok(cameras.every((camera) => camera.with('result').length >= 10));
  },
);
