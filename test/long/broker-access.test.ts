/** Gateways and worker hosts on a broker with access control, with the example configuration and the least permissions. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { needsBroker, startBroker, type TestBroker } from '../support/broker.ts';
import { makeAccount, makeNkey } from '../support/broker-credentials.ts';
import { makeCertificate } from '../support/certificate.ts';
import { type Gateway, runCli, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { linesOfEvent } from '../support/log-lines.ts';
import { eventually } from '../support/vital-signs.ts';
import { startWorkerHost } from '../support/worker-host.ts';

const example = readFileSync(new URL('../../deploy/nats/nats.conf', import.meta.url), 'utf8');
const frame = encodeGradient(16, 16);

/** What a user of the example may do. */
const permissions = {
  gateway: {
    pub: { allow: ['framegate.default.host.*.run', 'framegate.default.gateway.*.status'] },
    sub: { allow: ['framegate.default.host.*.status', 'framegate.default.reply.*.*'] },
  },
  worker: {
    pub: { allow: ['framegate.default.host.*.status', 'framegate.default.reply.>', '_INBOX.>'] },
    sub: { allow: ['framegate.default.host.*.run', 'framegate.default.gateway.*.status', '$SRV.>'] },
  },
};

/** Replaces something that must be there. */
function replaced(text: string, from: string | RegExp, to: string): string {
  const changed = text.replace(from, () => to);
  if (changed === text) throw new Error(`the example has no ${from}`);
  return changed;
}

/** The example with the paths and passwords of a test. */
function exampleWith({ certFile, keyFile }: { certFile: string; keyFile: string }): string {
  let text = replaced(example, '/etc/nats/broker.crt', certFile);
  text = replaced(text, '/etc/nats/broker.key', keyFile);
  for (const user of ['gateway', 'worker', 'operator']) text = replaced(text, `change-me-${user}`, `secret-of-${user}`);
  return text;
}

/** The broker's configuration has the test's own folder. */
function makeFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'broker-access-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

const withoutTls = (text: string) => replaced(text, /^tls \{[^}]*\}/m, '');

type Env = Record<string, string>;

/** Starts a worker host, and a gateway without threads. */
async function startBoth(t: Test, worker: Env, gateway: Env) {
  const host = await startWorkerHost(t, { HOST_NAME: 'one', POOL_WORKERS: '1', ...worker });
  const gate = await startGateway({ POOL_WORKERS: '0', ...gateway });
  t.teardown(() => gate.kill());
  return { host, gate };
}

const postFrame = ({ httpUrl }: Gateway) =>
  fetch(`${httpUrl}/frames?pipeline_id=echo`, { method: 'POST', body: frame });

/** Waits until a frame has run. */
const resultOf = (gate: Gateway) =>
  eventually(
    () => postFrame(gate),
    ({ status }) => status === 200,
    'a result',
  );

async function runFrames(t: Test, worker: Env, gateway: Env) {
  const both = await startBoth(t, worker, gateway);
  t.match(await (await resultOf(both.gate)).json(), { result: { width: 16 } });
  return both;
}

const urlOf = ({ port }: TestBroker, user: string, scheme: string = 'nats') =>
  `${scheme}://${user}:secret-of-${user}@127.0.0.1:${port}`;

test(
  'the example configuration: frames run, and no permission is missing or more than needed',
  needsBroker,
  async (t) => {
    const server = makeCertificate(makeFolder(t), 'broker');
    const broker = await startBroker(t, { config: exampleWith(server) });
    const env = (user: string) => ({ NATS_URL: urlOf(broker, user, 'tls'), NATS_TLS_CA_FILE: server.certFile });
    const { host, gate } = await runFrames(t, env('worker'), env('gateway'));
    const client = (user: string) =>
      broker.client({ user, pass: `secret-of-${user}`, tls: { caFile: server.certFile }, reconnect: false });
    const [operator, gateway, worker] = await Promise.all(['operator', 'gateway', 'worker'].map(client));
    if (operator === undefined || gateway === undefined || worker === undefined) throw new Error('no client');
    const ping = await operator.request('$SRV.PING.framegate');
    t.match(ping.json(), { metadata: { host: 'one' } }, '`nats micro ls` finds the host');
    const frames: string[] = [];
    const denied: string[] = [];
    const watch = async (connection: typeof gateway) => {
      for await (const status of connection.status()) if (status.type === 'error') denied.push(status.error.message);
    };
    for (const connection of [gateway, worker]) void watch(connection);
    const everyFrame = 'framegate.default.host.*.run';
    for (const subject of [everyFrame, '>']) {
      gateway.subscribe(subject, { callback: (error, message) => void (error ?? frames.push(message.subject)) });
    }
    await gateway.flush();
    const { id } = linesOfEvent(host.log(), 'ready')[0] as { id: string };
    worker.publish(`framegate.default.host.${id}.run`, frame);
    worker.publish('framegate.default.gateway.forged.status', '{}');
    await worker.flush();
    gateway.publish('framegate.default.reply.other.1', '{}');
    gateway.publish(`framegate.default.host.${id}.status`, '{}');
    await eventually(
      () => denied,
      ({ length }) => length === 6,
      'six denials',
    );
    t.same(denied.map((text) => /(\w+) to "(.*?)"/.exec(text)?.slice(1).join(' ')).sort(), [
      'Publish framegate.default.gateway.forged.status',
      `Publish framegate.default.host.${id}.run`,
      `Publish framegate.default.host.${id}.status`,
      'Publish framegate.default.reply.other.1',
      'Subscription >',
      `Subscription ${everyFrame}`,
    ]);
    t.equal((await postFrame(gate)).status, 200);
    await gateway.flush();
    t.same(frames, [], 'the frames of others are not seen');
    for (const log of [host.log(), gate.log()]) t.same(linesOfEvent(log, 'broker_error'), []);
    for (const log of [host.log(), gate.log()]) t.notMatch(log, /secret-of/);
  },
);

test('NKEYs, read again at each connection', needsBroker, async (t) => {
  const folder = makeFolder(t);
  const config = (gatewayKey: string, workerKey: string) => {
    const keyed = replaced(withoutTls(example), /user: "gateway", password: "[^"]*"/, `nkey: ${gatewayKey}`);
    return replaced(keyed, /user: "worker", password: "[^"]*"/, `nkey: ${workerKey}`);
  };
  const [gateway, worker, renewed] = [makeNkey(), makeNkey(), makeNkey()];
  const broker = await startBroker(t, { config: config(gateway.publicKey, worker.publicKey) });
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), `${text}\n`);
    return { NATS_URL: broker.url, NATS_NKEY_FILE: join(folder, name) };
  };
  const { host, gate } = await runFrames(t, file('worker', worker.seed), file('gateway', gateway.seed));
  const refused = await runCli(['worker'], file('other', renewed.seed));
  t.equal(refused.code, 2);
  t.match(refused.stderr, /broker 127\.0\.0\.1:\d+: .*authorization/i);
  const broken = await runCli(['worker'], file('broken', 'not a seed'));
  t.equal(broken.code, 2);
  t.match(broken.stderr, /broken: /);
  await broker.stop();
  await broker.start(config(gateway.publicKey, renewed.publicKey));
  await eventually(
    () => linesOfEvent(host.log(), 'broker_error'),
    (all) => all.length > 0,
    'the old key is refused',
  );
  await sleep(1000);
  t.equal(linesOfEvent(host.log(), 'broker_error').length, 1, 'once, not at each attempt');
  t.equal((await postFrame(gate)).status, 503);
  file('worker', renewed.seed);
  await resultOf(gate);
  t.same(linesOfEvent(gate.log(), 'broker_error'), []);
});

test('mutual TLS: a client needs a certificate, and talks only to the broker that it knows', needsBroker, async (t) => {
  const folder = makeFolder(t);
  const certificateOf = (name: string) => makeCertificate(folder, name);
  const [server, client, other] = [certificateOf('broker'), certificateOf('client'), certificateOf('other')];
  const mutual = replaced(
    exampleWith(server),
    /(?<=key_file: "[^"]*"\n)/,
    `  ca_file: "${client.certFile}"\n  verify: true\n`,
  );
  const broker = await startBroker(t, { config: mutual });
  const env = (user: string): Env => ({ NATS_URL: urlOf(broker, user, 'tls'), NATS_TLS_CA_FILE: server.certFile });
  const own = { NATS_TLS_CERT_FILE: client.certFile, NATS_TLS_KEY_FILE: client.keyFile };
  const { gate } = await runFrames(t, { ...env('worker'), ...own }, { ...env('gateway'), ...own });
  const unknown = await runCli(['worker'], { ...env('worker'), ...own, NATS_TLS_CA_FILE: other.certFile });
  t.equal(unknown.code, 2);
  t.match(unknown.stderr, /broker 127\.0\.0\.1:\d+: .*certificate/);
  const stranger = await entryOf(broker, server.certFile, other);
  t.equal(stranger, 'refused');
  t.same(linesOfEvent(gate.log(), 'broker_error'), []);
});

/** Whether a client with this certificate gets in. */
async function entryOf(
  broker: TestBroker,
  caFile: string,
  { certFile, keyFile }: { certFile: string; keyFile: string },
) {
  const auth = { user: 'worker', pass: 'secret-of-worker', reconnect: false };
  const connected = broker.client({ ...auth, tls: { caFile, certFile, keyFile } });
  return connected.then(
    () => 'connected',
    () => 'refused',
  );
}

test('tls:// never falls back to a connection without TLS', needsBroker, async (t) => {
  const broker = await startBroker(t, { config: withoutTls(example) });
  for (const command of ['serve', 'worker']) {
    const refused = await runCli([command], { NATS_URL: urlOf(broker, 'worker', 'tls'), PORT: '0' });
    t.equal(refused.code, 2);
    t.match(refused.stderr, /broker 127\.0\.0\.1:\d+: server does not support 'tls'/);
  }
});

test('credentials files; an expired one is replaced while the host runs', needsBroker, async (t) => {
  const folder = makeFolder(t);
  const account = await makeAccount();
  const broker = await startBroker(t, { config: `max_payload: 8MB\n${account.config}` });
  const write = async (user: 'gateway' | 'worker', expiresInS?: number) => {
    writeFileSync(join(folder, user), await account.credentials(user, permissions[user], expiresInS));
    return { NATS_URL: broker.url, NATS_CREDS_FILE: join(folder, user) };
  };
  const { host, gate } = await startBoth(t, await write('worker', 4), await write('gateway'));
  await eventually(
    () => linesOfEvent(host.log(), 'broker_error'),
    (all) => all.length > 0,
    'the end of its credentials',
  );
  t.match(linesOfEvent(host.log(), 'broker_error'), [{ reason: /authentication expired/i }]);
  await write('worker');
  await resultOf(gate);
  t.same(linesOfEvent(gate.log(), 'broker_error'), []);
  const broken = await runCli(['worker'], { NATS_URL: broker.url, NATS_CREDS_FILE: `${join(folder, 'worker')}-none` });
  t.equal(broken.code, 2);
  t.match(broken.stderr, /NATS_CREDS_FILE cannot be read/);
});

test(
  'a denied permission is one clear line, and is tried again when the broker has changed',
  needsBroker,
  async (t) => {
    const plain = withoutTls(example).replace(/change-me-(\w+)/g, 'secret-of-$1');
    const without = replaced(
      replaced(plain, '"framegate.default.host.*.status", "framegate.default.reply.>"', '"framegate.default.reply.>"'),
      '"framegate.default.host.*.status", "framegate.default.reply.*.*"',
      '"framegate.default.reply.*.*"',
    );
    const broker = await startBroker(t, { config: without });
    const urls = ['worker', 'gateway'].map((user) => ({ NATS_URL: urlOf(broker, user) }));
    const { host, gate } = await startBoth(t, urls[0] ?? {}, urls[1] ?? {});
    // The host reports every second.
    await sleep(2500);
    t.match(linesOfEvent(host.log(), 'broker_error'), [
      { reason: /^no permission to publish to framegate\.default\.host\.\w+\.\*$/ },
    ]);
    t.equal(linesOfEvent(host.log(), 'broker_error').length, 1);
    t.match(linesOfEvent(gate.log(), 'broker_error'), [
      { reason: 'no permission to subscribe to framegate.default.host.*.status' },
    ]);
    t.equal(linesOfEvent(gate.log(), 'broker_error').length, 1);
    await broker.stop();
    await broker.start(plain);
    t.equal((await resultOf(gate)).status, 200);
  },
);
