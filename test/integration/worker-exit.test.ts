/** How a worker host starts and ends when something is in its way: its admin port, its files, signals at any time, and a broker that is gone. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'tap';
import { needsBroker, startBroker } from '../support/broker.ts';
import { freePort } from '../support/free-port.ts';
import { fixtureModels, runCli, spawnCli } from '../support/gateway.ts';
import { eventually } from '../support/vital-signs.ts';
import { startWorkerHost } from '../support/worker-host.ts';

const env = { MODELS_DIR: fixtureModels, POOL_WORKERS: '2' };
/** 128 + SIGABRT: threads were inside native code when the process ended. */
const abortedCode = 134;

const count = (log: string, event: string) => log.split(`"event":"${event}"`).length - 1;

/** A host whose broker cannot be reached, and that is not ready yet. */
async function bootingHost() {
  const child = spawnCli(['worker'], { ...env, NATS_URL: `nats://127.0.0.1:${await freePort()}` });
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const ended = once(child, 'close') as Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  const logged = (event: string) =>
    eventually(
      () => count(log, event),
      (lines) => lines > 0,
      event,
    );
  await logged('broker_lost');
  return { child, ended, logged, log: () => log };
}

test(
  'an admin port that is in use, and a file of tokens that is none, end the start with one line',
  needsBroker,
  async (t) => {
    const broker = await startBroker(t);
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    t.teardown(() => other.close());
    const { port } = other.address() as { port: number };
    const taken = await runCli(['worker'], { ...env, NATS_URL: broker.url, ADMIN_PORT: String(port) });
    t.equal(taken.code, 1);
    t.match(taken.stderr, new RegExp(`^framegate: .*${port}`, 'm'));
    const file = join(t.testdirName, 'tokens.json');
    writeFileSync(file, 'no tokens');
    const wrong = await runCli(['worker'], { ...env, NATS_URL: broker.url, AUTH_TOKENS_FILE: file });
    t.equal(wrong.code, 2);
    t.match(wrong.stderr, /^framegate: .*tokens\.json/m);
  },
);

test('SIGTERM while it starts, without a broker', async (t) => {
  const { child, ended, log } = await bootingHost();
  child.kill('SIGTERM');
  const [code, signal] = await ended;
  t.not(code, abortedCode);
  t.ok(code === 0 || signal === 'SIGTERM', `${code} ${signal}`);
  t.equal(count(log(), 'ready'), 0);
});

test('SIGHUP while it starts changes nothing; SIGTERM ends it while the broker cannot be reached', async (t) => {
  const { child, ended, logged, log } = await bootingHost();
  child.kill('SIGHUP');
  await logged('ready');
  t.equal(count(log(), 'reload'), 0);
  child.kill('SIGHUP');
  await logged('reload');
  child.kill('SIGTERM');
  t.same(await ended, [0, null]);
  t.equal(count(log(), 'stopped'), 1);
});

test('SIGTERM ends it while the broker hangs', needsBroker, async (t) => {
  const broker = await startBroker(t);
  const host = await startWorkerHost(t, { ...env, NATS_URL: broker.url });
  broker.signal('SIGSTOP');
  host.signal('SIGTERM');
  t.same(await host.ended(), { code: 0, signal: null });
  t.equal(count(host.log(), 'stopped'), 1);
});

test(
  'a broker that takes smaller messages after its restart is not used until it takes them again',
  needsBroker,
  async (t) => {
    const broker = await startBroker(t);
    const host = await startWorkerHost(t, { ...env, NATS_URL: broker.url });
    await broker.stop();
    await broker.start('max_payload: 1MB');
    const reason = 'the broker takes messages of 1048576 bytes; set its max_payload to 5324800 or more';
    await eventually(host.log, (log) => log.includes(reason), 'the reason');
    const client = await broker.client();
    const statuses: string[] = [];
    client.subscribe('framegate.default.host.*.status', { callback: (_, { subject }) => void statuses.push(subject) });
    await client.flush();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    t.same(statuses, [], 'nothing is published');
    t.equal(count(host.log(), 'broker_connected'), 1);
    await broker.stop();
    await broker.start();
    await eventually(host.log, (log) => count(log, 'broker_connected') === 2, 'the connection');
    await eventually(
      () => statuses.length,
      (length) => length > 0,
      'a status',
    );
  },
);
