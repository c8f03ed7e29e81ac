/** Hosts behind bad networks: a link that is cut, a slow one that loses packets; and hosts that are killed under load: `make test-long`. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import tap, { type Test, test } from 'tap';
import { needsBroker, startBroker } from '../support/broker.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { startSlowLink } from '../support/slow-link.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, type Readiness, readiness } from '../support/vital-signs.ts';
import { startWorkerHost } from '../support/worker-host.ts';

tap.setTimeout(230_000);

const frame = encodeGradient(16, 16);
const remote = { POOL_WORKERS: '0', STREAM_HOST_LOST_MS: '1500' };

type HostList = Readiness & { readonly hosts: readonly { readonly name: string; readonly limit: number }[] };
const hostsOf = async (gateway: Gateway) => ((await readiness(gateway)) as HostList).hosts;
const usesHosts = (gateway: Gateway, count: number) =>
  eventually(
    () => hostsOf(gateway),
    (hosts) => hosts.filter(({ limit }) => limit > 0).length === count,
    `${count} hosts`,
  );

/** Sends at a rate for a time. */
async function sendFor(client: StreamClient, fps: number, ms: number): Promise<number> {
  const endMs = performance.now() + ms;
  let sent = 0;
  for (; performance.now() < endMs; sent++) {
    client.send(frame);
    await sleep(1000 / fps);
  }
  return sent;
}

/** Every index is answered once, in whatever order. */
async function expectAllAnswered(t: Test, client: StreamClient, sent: number): Promise<void> {
  const indexes = () =>
    client.replies.flatMap((reply) => ('frame_index' in reply ? [Number(reply['frame_index'])] : []));
  await client.until(() => indexes().length >= sent);
  await sleep(2000);
  t.same(
    indexes().toSorted((a, b) => a - b),
    Array.from({ length: sent }, (_, index) => index),
  );
}

/** Two namespaces with a cable between them; undefined if this machine does not allow it. */
function cable(
  t: Test,
): { readonly exec: readonly string[]; readonly address: string; cut(): void; mend(): void } | undefined {
  const name = `fg${process.pid}`;
  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });
  const inside = (...args: string[]) => ip('netns', 'exec', name, 'ip', ...args);
  try {
    ip('netns', 'add', name);
  } catch (error) {
    t.comment(`no network namespaces here: ${(error as Error).message.split('\n')[0]}`);
    return undefined;
  }
  t.teardown(() => ip('netns', 'del', name));
  ip('link', 'add', `${name}a`, 'type', 'veth', 'peer', 'name', `${name}b`);
  ip('link', 'set', `${name}b`, 'netns', name);
  ip('addr', 'add', '10.98.76.1/30', 'dev', `${name}a`);
  ip('link', 'set', `${name}a`, 'up');
  inside('addr', 'add', '10.98.76.2/30', 'dev', `${name}b`);
  inside('link', 'set', `${name}b`, 'up');
  return {
    exec: ['ip', 'netns', 'exec', name],
    address: '10.98.76.1',
    cut: () => void ip('link', 'set', `${name}a`, 'down'),
    mend: () => void ip('link', 'set', `${name}a`, 'up'),
  };
}

test('a host behind a cable that is pulled is lost, and used again when it is back', needsBroker, async (t) => {
  const wire = cable(t);
  if (wire === undefined) return;
  const broker = await startBroker(t, { host: '0.0.0.0' });
  const gateway = await startGateway({ ...remote, NATS_URL: broker.url });
  t.teardown(() => gateway.kill());
  const url = `nats://${wire.address}:${broker.port}`;
  await startWorkerHost(t, { NATS_URL: url, HOST_NAME: 'far' }, wire.exec);
  await usesHosts(gateway, 1);
  const client = await StreamClient.open(gateway.streamUrl('by_width'));
  t.match(await client.sendUntilStarted(frame), { result: { slept: 16 } });
  const before = client.replies.length;
  wire.cut();
  const sent = await sendFor(client, 20, 3000);
  await usesHosts(gateway, 0);
  t.match(gateway.log(), /"event":"host_lost","host":"far".*nothing heard for 1500 ms/);
  wire.mend();
  await usesHosts(gateway, 1);
  t.match(await client.sendUntilStarted(frame), { result: { slept: 16 } });
  t.ok(client.replies.length >= before + sent, 'the session has lasted');
  await expectAllAnswered(t, client, client.replies.filter((reply) => 'frame_index' in reply).length);
});

test(
  'a slow link that loses packets: results are late, each frame is answered once, workers stay busy',
  needsBroker,
  async (t) => {
    const broker = await startBroker(t);
    const link = { delayMs: 30, stallShare: 0.002, stallMs: 300, random: seededRandom(7) };
    const port = await startSlowLink(t, broker.port, link);
    const gateway = await startGateway({ ...remote, NATS_URL: broker.url, STREAM_HOST_LOST_MS: '5000' });
    t.teardown(() => gateway.kill());
    await startWorkerHost(t, { NATS_URL: `nats://127.0.0.1:${port}`, HOST_NAME: 'far', POOL_WORKERS: '2' });
    await usesHosts(gateway, 1);
    const clients = await Promise.all([...Array(16)].map(() => StreamClient.open(gateway.streamUrl('by_width'))));
    const sent = await Promise.all(clients.map((client) => sendFor(client, 10, 10_000)));
    await Promise.all(clients.map((client, i) => expectAllAnswered(t, client, sent[i] as number)));
    const [host] = await hostsOf(gateway);
    t.ok((host?.limit ?? 0) > 4, 'a round trip takes longer than a frame, so many are on their way');
    const results = clients.reduce((sum, client) => sum + client.with('result').length, 0);
    t.comment(`${results} results of ${sent.reduce((a, b) => a + b)} frames in 10 s`);
    t.ok(results > 0);
    t.notMatch(gateway.log(), /host_lost/);
  },
);

test(
  'hosts that are killed again and again: every frame is answered once, and no session ends',
  needsBroker,
  async (t) => {
    const broker = await startBroker(t);
    const gateway = await startGateway({ ...remote, NATS_URL: broker.url });
    t.teardown(() => gateway.kill());
    const start = (name: string) => startWorkerHost(t, { NATS_URL: broker.url, HOST_NAME: name, POOL_WORKERS: '2' });
    const hosts = await Promise.all(['one', 'two', 'three'].map(start));
    await usesHosts(gateway, 3);
    const clients = await Promise.all([...Array(12)].map(() => StreamClient.open(gateway.streamUrl('by_width'))));
    const sending = Promise.all(clients.map((client) => sendFor(client, 20, 30_000)));
    for (let round = 0; round < 6; round++) {
      await sleep(4000);
      hosts[round % 3]?.signal('SIGKILL');
      await sleep(500);
      hosts[round % 3] = await start(['one', 'two', 'three'][round % 3] as string);
    }
    const sent = await sending;
    for (const [index, client] of clients.entries()) {
      await expectAllAnswered(t, client, sent[index] as number);
      t.equal(client.closeCode, undefined);
    }
    const dropped = clients.reduce((sum, client) => sum + client.with('dropped').length, 0);
    t.comment(`${dropped} of ${sent.reduce((a, b) => a + b)} frames dropped`);
  },
);
