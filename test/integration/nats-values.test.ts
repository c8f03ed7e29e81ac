/** `deploy/kubernetes/nats-values.yaml`: nats-server accepts its configuration, and each user may do what its side needs, and nothing else. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { bytesPerMegabyte, settings } from '../../src/settings.ts';
import { freePort } from '../support/free-port.ts';
import { type Manifest, needsSchemas, readYaml, schemaIssues } from '../support/manifests.ts';
import { eventually } from '../support/vital-signs.ts';

interface User {
  readonly nkey: string;
  readonly permissions: object;
}

interface Values {
  readonly config: {
    readonly jetstream: { readonly enabled: boolean };
    readonly nats: { readonly tls: { readonly enabled: boolean } };
    readonly merge: {
      readonly max_payload: string;
      readonly accounts: { readonly FRAMEGATE: { readonly users: readonly User[] } };
    };
  };
  readonly extraResources: readonly Manifest[];
}

const values = readYaml<Values>('nats-values.yaml');
const { merge } = values.config;
const { users } = merge.accounts.FRAMEGATE;

const needsNats =
  spawnSync('nats-server', ['--version']).status === 0
    ? {}
    : { skip: 'needs nats-server: make test-deps, or apt install nats-server' };

/** Room for what travels with a frame, in bytes. */
const frameOverheadBytes = 65_536;

/** The configuration as the chart writes it: JSON, in which `<< >>` encloses what is not. Passwords take the place of the nkeys. */
function configText(): string {
  const withPasswords = users.map(({ nkey, permissions }) => ({ user: nkey, password: nkey, permissions }));
  const config = { ...merge, accounts: { FRAMEGATE: { users: withPasswords } } };
  return JSON.stringify(config, undefined, 2).replaceAll(/"<< (.*?) >>"/g, '$1');
}

/** Starts nats-server until the end of the test. @returns its port */
async function startNats(t: Test): Promise<number> {
  const port = await freePort();
  const file = join(t.testdir(), 'nats.conf');
  writeFileSync(file, configText());
  const child = spawn('nats-server', ['--config', file, '--addr', '127.0.0.1', '--port', String(port)], {
    stdio: 'ignore',
  });
  t.teardown(() => child.kill('SIGKILL'));
  const answers = async () => {
    const socket = connect(port, '127.0.0.1');
    const [chunk] = await Promise.race([once(socket, 'data'), once(socket, 'error').then(() => [''])]).catch(() => [
      '',
    ]);
    socket.destroy();
    return String(chunk).startsWith('INFO ') || child.exitCode !== null;
  };
  await eventually(answers, Boolean, 'nats-server');
  t.equal(child.exitCode, null, 'nats-server accepts the configuration');
  return port;
}

/** A client that speaks NATS' text protocol, and collects what the server sends. */
class NatsClient {
  readonly #socket: Socket;
  #received = '';

  constructor(port: number, user: string) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setEncoding('utf8').on('data', (text: string) => {
      this.#received += text;
    });
    this.#socket.write(`CONNECT ${JSON.stringify({ user, pass: user, verbose: false, headers: true })}\r\n`);
  }

  /** Waits until the server has read everything. @returns what it has sent since the last call */
  async exchange(...lines: string[]): Promise<string> {
    this.#socket.write([...lines, 'PING', ''].join('\r\n'));
    await eventually(
      () => this.#received,
      (text) => text.includes('PONG\r\n') || this.#socket.closed,
      'a PONG',
    );
    const received = this.#received;
    this.#received = '';
    return received;
  }

  publish(subject: string, reply = ''): Promise<string> {
    return this.exchange(`PUB ${subject} ${reply} 2`, '{}');
  }

  subscribe(subject: string): Promise<string> {
    return this.exchange(`SUB ${subject} 1`);
  }

  close(): void {
    this.#socket.destroy();
  }
}

const [runs, statuses] = ['framegate.default.host.h1.run', 'framegate.default.host.h1.status'];
const [gatewayStatuses, replies] = ['framegate.default.gateway.g1.status', 'framegate.default.reply.g1.7'];

/** What each side publishes and subscribes to, with the subjects that only the other side, or nobody, may use. */
const sides = {
  GATEWAY_PUBLIC_NKEY: {
    publishes: [runs, gatewayStatuses],
    subscribes: ['framegate.default.host.*.status', 'framegate.default.reply.g1.*'],
    mayNotPublish: [statuses, replies, '$SRV.PING', 'framegate.other.host.h1.run', '_INBOX.1'],
    mayNotSubscribe: ['framegate.default.host.*.run', 'framegate.default.gateway.*.status', 'framegate.>', '>'],
  },
  WORKER_PUBLIC_NKEY: {
    publishes: [statuses, replies],
    subscribes: [
      ...[runs, 'framegate.default.gateway.*.status', '$SRV.PING', '$SRV.INFO', '$SRV.STATS'],
      ...['$SRV.PING.framegate', '$SRV.INFO.framegate.h1', '$SRV.STATS.framegate.h1'],
    ],
    mayNotPublish: [runs, gatewayStatuses, 'framegate.other.reply.g1.7', '_INBOX.1'],
    mayNotSubscribe: ['framegate.default.host.*.status', 'framegate.default.reply.*.*', 'framegate.>', '>'],
  },
  OPERATOR_PUBLIC_NKEY: {
    publishes: ['$SRV.STATS.framegate'],
    subscribes: ['_INBOX.1'],
    mayNotPublish: [runs, statuses, gatewayStatuses, replies],
    mayNotSubscribe: ['framegate.>', '$SRV.PING'],
  },
};

test('each user may use the subjects of its side, and no others', needsNats, async (t) => {
  const port = await startNats(t);
  t.strictSame(
    users.map(({ nkey }) => nkey),
    Object.keys(sides),
  );
  for (const [user, side] of Object.entries(sides)) {
    const client = new NatsClient(port, user);
    t.match(await client.exchange(), /"max_payload":8388608/);
    for (const subject of side.publishes) t.notMatch(await client.publish(subject), /-ERR/, `${user} ${subject}`);
    for (const subject of side.subscribes) t.notMatch(await client.subscribe(subject), /-ERR/, `${user} ${subject}`);
    for (const subject of side.mayNotPublish)
      t.match(await client.publish(subject), /-ERR 'Permissions Violation for Publish/, `${user} ${subject}`);
    for (const subject of side.mayNotSubscribe)
      t.match(await client.subscribe(subject), /-ERR 'Permissions Violation for Subscription/, `${user} ${subject}`);
    client.close();
  }
  const nobody = new NatsClient(port, 'nobody');
  t.match(await nobody.exchange(), /-ERR 'Authorization Violation'/);
});

test('a worker may answer an operator who asks, once', needsNats, async (t) => {
  const port = await startNats(t);
  const [worker, operator] = [new NatsClient(port, 'WORKER_PUBLIC_NKEY'), new NatsClient(port, 'OPERATOR_PUBLIC_NKEY')];
  await worker.subscribe('$SRV.PING');
  t.notMatch(await operator.subscribe('_INBOX.1'), /-ERR/);
  t.notMatch(await operator.publish('$SRV.PING', '_INBOX.1'), /-ERR/);
  t.match(await worker.exchange(), /^MSG \$SRV\.PING 1 _INBOX\.1 2\r\n/m);
  t.notMatch(await worker.publish('_INBOX.1'), /-ERR/);
  t.match(await worker.publish('_INBOX.1'), /-ERR/);
  t.match(await operator.exchange(), /^MSG _INBOX\.1 1 2\r\n/m);
  worker.close();
  operator.close();
});

test('messages may be larger than frames, nothing is stored, and clients use TLS', async (t) => {
  const megabytes = Number(/^<< (\d+)MB >>$/.exec(merge.max_payload)?.[1]);
  const frameMegabytes = settings.maxFrameMegabytes.schema.parse(undefined);
  t.ok(megabytes * bytesPerMegabyte > frameMegabytes * bytesPerMegabyte + frameOverheadBytes);
  t.equal(values.config.jetstream.enabled, false);
  t.equal(values.config.nats.tls.enabled, true);
});

test('the extra resources fit the schemas of Kubernetes', needsSchemas, async (t) => {
  t.equal(values.extraResources.length, 1);
  t.strictSame(schemaIssues(values.extraResources, '1.37'), []);
});
