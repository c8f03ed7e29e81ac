/** Runs a NATS broker, if it is installed, and listens to what passes it. Tests only. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node';
import type { Test } from 'tap';
import { freePort } from './free-port.ts';

/** Options of a test that needs a broker. */
export const needsBroker: { readonly skip?: string } = (() => {
  try {
    execFileSync('nats-server', ['--version'], { stdio: 'ignore' });
    return {};
  } catch {
    return { skip: 'needs nats-server: make test-deps, or apt install nats-server' };
  }
})();

export interface TestBroker {
  readonly port: number;
  readonly url: string;
  /** Ends it at once. */
  stop(): Promise<void>;
  /** Starts it again, on the same port. @param config another configuration. */
  start(config?: string): Promise<void>;
  /** Suspends it, or lets it go on. */
  signal(signal: NodeJS.Signals): void;
  /** Another client of the broker. */
  client(options?: ConnectionOptions): Promise<NatsConnection>;
}

/** Frames of the default size limit, and what travels with them. */
const defaultConfig = 'max_payload: 8MB';
const pollMs = 10;

export interface BrokerOptions {
  /** Text of its configuration file. */
  readonly config?: string;
  /** Address to listen on. */
  readonly host?: string;
}

export async function startBroker(
  t: Test,
  { config = defaultConfig, host = '127.0.0.1' }: BrokerOptions = {},
): Promise<TestBroker> {
  const port = await freePort();
  const file = join(t.testdir(), 'broker.conf');
  let child: ChildProcess | undefined;
  const start = async (text: string = config) => {
    writeFileSync(file, text);
    child = spawn('nats-server', ['--addr', host, '--port', String(port), '--config', file], {
      stdio: 'ignore',
    });
    const started = child;
    process.once('exit', () => started.kill('SIGKILL'));
    while (!(await accepts(port))) {
      if (started.exitCode !== null) throw new Error(`nats-server refuses its configuration:\n${text}`);
      await sleep(pollMs);
    }
  };
  const stop = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  t.teardown(stop);
  await start();
  const url = `nats://127.0.0.1:${port}`;
  const client = async (options: ConnectionOptions = {}) => {
    const connection = await connect({ servers: `127.0.0.1:${port}`, ...options });
    t.teardown(() => connection.close());
    return connection;
  };
  const signal = (name: NodeJS.Signals) => void child?.kill(name);
  return { port, url, start, stop, signal, client };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connectTcp(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
