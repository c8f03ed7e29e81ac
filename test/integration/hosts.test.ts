/** Frames run on other hosts through a real broker: with real processes that are killed, stopped, restarted, and that differ. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { needsBroker, startBroker, type TestBroker } from '../support/broker.ts';
import { type Gateway, runCli, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { linesOfEvent } from '../support/log-lines.ts';
import { StreamClient } from '../support/stream-client.ts';
import { makeModelsDir } from '../support/temp-models.ts';
import { eventually, type Readiness, readiness } from '../support/vital-signs.ts';
import { startWorkerHost } from '../support/worker-host.ts';

const frame = encodeGradient(16, 16);
/** Takes the pipeline `by_width` this many milliseconds. */
const slowWidth = 400;
const slowFrame = encodeGradient(slowWidth, 16);

type HostList = Readiness & { readonly hosts: readonly { readonly name: string; readonly in_flight: number }[] };

const hostsOf = async (gateway: Gateway) => ((await readiness(gateway)) as HostList).hosts;

/** Waits until the gateway uses these hosts. */
async function joined(gateway: Gateway, ...names: string[]): Promise<void> {
  const isSame = (hosts: HostList['hosts']) =>
    hosts
      .map(({ name }) => name)
      .sort()
      .join() === [...names].sort().join();
  await eventually(() => hostsOf(gateway), isSame, `the hosts ${names.join(', ')}`);
}

/** Waits until a frame is on the first host. */
const onItsWay = (gateway: Gateway) =>
  eventually(
    () => hostsOf(gateway),
    ([first]) => first?.in_flight === 1,
    'a frame on its way',
  );

/** A gateway without threads of its own. */
async function startRemoteGateway(t: Test, { url }: TestBroker, env: Record<string, string> = {}): Promise<Gateway> {
  const gateway = await startGateway({ NATS_URL: url, POOL_WORKERS: '0', STREAM_HOST_LOST_MS: '1500', ...env });
  t.teardown(() => gateway.kill());
  return gateway;
}

test('frames run on a host, and results are those of a local worker', needsBroker, async (t) => {
  const broker = await startBroker(t);
  const host = await startWorkerHost(t, { NATS_URL: broker.url, HOST_NAME: 'one' });
  const gateway = await startRemoteGateway(t, broker);
  await joined(gateway, 'one');
  const client = await StreamClient.open(gateway.streamUrl('by_width'));
  t.match(await client.sendUntilStarted(frame), { result: { width: 16, height: 16, slept: 16 } });
  t.match(
    await fetch(`${gateway.httpUrl}/frames?pipeline_id=echo`, { method: 'POST', body: frame }).then((r) => r.json()),
    {
      result: { width: 16 },
    },
  );
  const failing = await StreamClient.open(gateway.streamUrl('failing'));
  failing.send(frame);
  t.equal(await failing.closed(), 1011, 'a failure on the host ends the session as a local one does');
  t.match(failing.with('error'), [{ error: 'pipeline_failure', detail: 'Test tool failed' }]);
  const metrics = await fetch(`${gateway.httpUrl}/metrics`).then((reply) => reply.text());
  t.match(metrics, /^framegate_hosts 1$/m);
  t.match(metrics, /framegate_stage_duration_seconds_count\{pipeline="by_width",stage="network"\} [1-9]/);
  t.equal(linesOfEvent(host.log(), 'gateway_joined').length, 1);
});

test('a host is a service of the broker: ping, info and stats', needsBroker, async (t) => {
  const broker = await startBroker(t);
  const host = await startWorkerHost(t, { NATS_URL: broker.url, HOST_NAME: 'one', NATS_GROUP: 'north' });
  const nats = await broker.client();
  const { id } = linesOfEvent(host.log(), 'ready')[0] as { id: string };
  for (const subject of ['$SRV.PING', '$SRV.PING.framegate', `$SRV.PING.framegate.${id}`]) {
    const ping = (await nats.request(subject)).json<Record<string, unknown>>();
    t.match(ping, {
      type: 'io.nats.micro.v1.ping_response',
      name: 'framegate',
      id,
      metadata: { host: 'one', group: 'north' },
    });
  }
  const info = (await nats.request(`$SRV.INFO.framegate.${id}`)).json<Record<string, unknown>>();
  t.match(info, { endpoints: [{ name: 'run', subject: `framegate.north.host.${id}.run` }] });
  t.match(info, { endpoints: [{ metadata: { by_width: /^[0-9a-f]{24}$/ } }] });
  const stats = (await nats.request('$SRV.STATS.framegate')).json<Record<string, unknown>>();
  t.match(stats, { type: 'io.nats.micro.v1.stats_response', endpoints: [{ num_requests: 0, num_errors: 0 }] });
});

test(
  'a host that is killed: its frame is dropped, the session goes on, another host takes over',
  needsBroker,
  async (t) => {
    const broker = await startBroker(t);
    const env = { NATS_URL: broker.url, POOL_WORKERS: '1' };
    const [one, two] = await Promise.all(['one', 'two'].map((name) => startWorkerHost(t, { ...env, HOST_NAME: name })));
    const gateway = await startRemoteGateway(t, broker);
    await joined(gateway, 'one', 'two');
    const client = await StreamClient.open(gateway.streamUrl('by_width'));
    client.send(slowFrame);
    const running = await eventually(
      () => hostsOf(gateway),
      (hosts) => hosts.some(({ in_flight }) => in_flight === 1),
      'a frame',
    );
    const victim = running.find(({ in_flight }) => in_flight === 1)?.name;
    (victim === 'one' ? one : two)?.signal('SIGKILL');
    await client.until(() => client.replies.length === 1);
    t.match(client.replies, [{ frame_index: 0, dropped: true }]);
    t.match(await client.sendUntilStarted(frame), { result: { slept: 16 } });
    const indexes = client.replies.map(({ frame_index }) => frame_index);
    t.same(
      indexes,
      indexes.map((_, index) => index),
      'each frame is answered once',
    );
    await joined(gateway, victim === 'one' ? 'two' : 'one');
    t.match(linesOfEvent(gateway.log(), 'host_lost'), [{ host: victim }]);
  },
);

test(
  'a host that hangs is lost, and joins again when it goes on; its late reply changes nothing',
  needsBroker,
  async (t) => {
    const broker = await startBroker(t);
    const host = await startWorkerHost(t, { NATS_URL: broker.url, HOST_NAME: 'one', POOL_WORKERS: '1' });
    const gateway = await startRemoteGateway(t, broker);
    await joined(gateway, 'one');
    const client = await StreamClient.open(gateway.streamUrl('by_width'));
    client.send(slowFrame);
    await onItsWay(gateway);
    host.signal('SIGSTOP');
    await client.until(() => client.replies.length === 1);
    t.match(client.replies, [{ frame_index: 0, dropped: true }]);
    await joined(gateway);
    const refused = await StreamClient.open(gateway.streamUrl('by_width'));
    t.equal(await refused.closed(), 1013);
    t.match(refused.replies, [{ error: 'server_busy', detail: 'No host runs this pipeline now' }]);
    const post = await fetch(`${gateway.httpUrl}/frames?pipeline_id=by_width`, { method: 'POST', body: frame });
    t.equal(post.status, 503);
    t.match(await post.json(), { error: 'server_busy', detail: 'No host runs this pipeline now' });
    host.signal('SIGCONT');
    await joined(gateway, 'one');
    t.match(await client.sendUntilStarted(frame), { result: { slept: 16 } });
    t.equal(client.replies.filter(({ frame_index }) => frame_index === 0).length, 1);
  },
);

test('a broker that restarts: sessions stay, frames run again', needsBroker, async (t) => {
  const broker = await startBroker(t);
  const host = await startWorkerHost(t, { NATS_URL: broker.url, HOST_NAME: 'one' });
  const gateway = await startRemoteGateway(t, broker);
  await joined(gateway, 'one');
  const client = await StreamClient.open(gateway.streamUrl('by_width'));
  client.send(slowFrame);
  await onItsWay(gateway);
  await broker.stop();
  await client.until(() => client.replies.length === 1);
  t.match(client.replies, [{ frame_index: 0, dropped: true }]);
  client.send(frame);
  await broker.start();
  await joined(gateway, 'one');
  t.match(await client.sendUntilStarted(frame), { result: { slept: 16 } });
  t.equal(client.closeCode, undefined);
  for (const log of [gateway.log(), host.log()]) t.match(linesOfEvent(log, 'broker_connected').length, 2);
});

test('a host that is asked to stop finishes its frames and loses none', needsBroker, async (t) => {
  const broker = await startBroker(t);
  const host = await startWorkerHost(t, { NATS_URL: broker.url, HOST_NAME: 'one', POOL_WORKERS: '1' });
  const gateway = await startRemoteGateway(t, broker);
  const nats = await broker.client();
  await joined(gateway, 'one');
  const client = await StreamClient.open(gateway.streamUrl('by_width'));
  client.send(slowFrame);
  await onItsWay(gateway);
  // The broker keeps the order: a host that answers this has received the frame.
  await nats.request('$SRV.PING');
  host.signal('SIGTERM');
  await client.until(() => client.replies.length === 1);
  t.match(client.replies, [{ frame_index: 0, result: { slept: slowWidth } }]);
  t.same(await host.ended(), { code: 0, signal: null });
  await joined(gateway);
  t.equal(linesOfEvent(gateway.log(), 'host_left').length, 1);
  t.equal(linesOfEvent(gateway.log(), 'host_lost').length, 0);
});

test('threads of the gateway and hosts run frames together', needsBroker, async (t) => {
  const broker = await startBroker(t);
  await startWorkerHost(t, { NATS_URL: broker.url, HOST_NAME: 'one', POOL_WORKERS: '1' });
  const gateway = await startRemoteGateway(t, broker, { POOL_WORKERS: '1' });
  await joined(gateway, 'one');
  const clients = await Promise.all([1, 2].map(() => StreamClient.open(gateway.streamUrl('by_width'))));
  for (const client of clients) client.send(slowFrame);
  const status = await eventually(
    () => readiness(gateway),
    ({ pool }) => pool.inFlight === 2,
    'two frames at once',
  );
  t.equal(status.pool.size, 2);
  t.match(await hostsOf(gateway), [{ in_flight: 1 }], 'one of them here, one there');
  await Promise.all(clients.map((client) => client.until(() => client.with('result').length === 1)));
});

test('pipelines that differ are not run, and both sides say so once', needsBroker, async (t) => {
  const broker = await startBroker(t);
  const node = { id: 'only', plugin_id: 'test', tool_id: 'note' };
  const run = (text: string) => `outputs: ['note'], async create() { return { run: () => ({ note: '${text}' }) }; },`;
  const folder = (text: string, ...ids: string[]) =>
    makeModelsDir(t, { pipelines: ids.map((id) => ({ id, nodes: [node] })), tools: { note: run(text) } });
  const host = await startWorkerHost(t, {
    NATS_URL: broker.url,
    HOST_NAME: 'one',
    MODELS_DIR: folder('old', 'shared'),
  });
  const gateway = await startRemoteGateway(t, broker, { MODELS_DIR: folder('new', 'shared', 'only_here') });
  const reported = (log: () => string, event: string) =>
    eventually(
      () => linesOfEvent(log(), event),
      (all) => all.length > 0,
      event,
    );
  const issues = [/^pipeline shared differs/];
  t.match(await reported(gateway.log, 'host_refused'), [{ host: 'one', issues }]);
  t.match(await reported(host.log, 'gateway_refused'), [{ issues }]);
  await sleep(2500);
  t.equal(linesOfEvent(gateway.log(), 'host_refused').length, 1, 'not again with each status');
  t.equal(linesOfEvent(host.log(), 'gateway_refused').length, 1);
  t.same(await hostsOf(gateway), []);
});

test('a process of another version is refused with one line', needsBroker, async (t) => {
  const broker = await startBroker(t);
  const host = await startWorkerHost(t, { NATS_URL: broker.url, HOST_NAME: 'one' });
  const gateway = await startRemoteGateway(t, broker);
  const nats = await broker.client();
  const old = JSON.stringify({ protocol: 0, version: '0.0.9', name: 'ancient', id: 'x' });
  for (let i = 0; i < 3; i++) {
    nats.publish('framegate.default.host.x.status', old);
    nats.publish('framegate.default.gateway.x.status', old);
  }
  nats.publish('framegate.default.gateway.y.status', 'not JSON');
  const issues = ['it speaks protocol 0 (version 0.0.9), and this process protocol 1; update the older one'];
  const refused = await eventually(
    () => linesOfEvent(gateway.log(), 'host_refused'),
    (all) => all.length > 0,
    'a refusal',
  );
  t.match(refused, [{ host: 'ancient', issues }]);
  const both = await eventually(
    () => linesOfEvent(host.log(), 'gateway_refused'),
    (all) => all.length > 1,
    'two refusals',
  );
  t.match(both, [
    { gateway: 'ancient', issues },
    { gateway: 'unknown', issues: ['its status is not JSON'] },
  ]);
  await joined(gateway, 'one');
  t.equal(linesOfEvent(gateway.log(), 'host_refused').length, 1);
});

test('a broker that cannot be used is refused at start, with what to change', needsBroker, async (t) => {
  const small = await startBroker(t, { config: 'max_payload: 1MB' });
  const locked = await startBroker(t, { config: 'max_payload: 8MB\nauthorization { user: a, password: secret }' });
  for (const command of ['serve', 'worker']) {
    const refused = await runCli([command, '--nats', small.url], { PORT: '0' });
    t.equal(refused.code, 2);
    t.match(refused.stderr, /takes messages of 1048576 bytes; set its max_payload to 5324800 or more/);
    const denied = await runCli([command, '--nats', `nats://a:wrong@127.0.0.1:${locked.port}`], { PORT: '0' });
    t.equal(denied.code, 2);
    t.match(denied.stderr, /broker 127\.0\.0\.1:\d+: .*authorization/i);
    t.notMatch(denied.stderr, /wrong/);
  }
  const missing = await runCli(['worker'], {});
  t.equal(missing.code, 2);
  t.match(missing.stderr, /a worker host needs a broker: set NATS_URL or --nats/);
});
