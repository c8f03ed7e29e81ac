/** Runs a mosquitto, if it is installed, and listens to it as a subscriber. Tests and benchmarks only. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type IClientOptions } from 'mqtt';
import { freePort } from './free-port.ts';

/** Debian puts it where only root looks. */
const program = existsSync('/usr/sbin/mosquitto') ? '/usr/sbin/mosquitto' : 'mosquitto';

/** Options of a test that needs mosquitto. */
export const needsMosquitto: { readonly skip?: string } = (() => {
  try {
    execFileSync(program, ['-h'], { stdio: 'ignore' });
    return {};
  } catch (error) {
    // Its help exits with 3.
    return (error as { status?: number }).status === 3
      ? {}
      : { skip: 'needs mosquitto: make test-deps, or apt install mosquitto' };
  }
})();

/** What is to be done at the end: a test, or a benchmark. */
export interface Owner {
  teardown(clean: () => unknown): void;
}

export interface Mosquitto {
  readonly port: number;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  start(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  log(): string;
}

export interface Received {
  readonly topic: string;
  readonly payload: string;
  readonly isRetained: boolean;
}

const pollMs = 10;

/** @param config lines of its configuration beside the listener; anonymous clients are allowed unless it says otherwise. */
export async function startMosquitto(
  t: Owner,
  config: readonly string[] = ['allow_anonymous true'],
): Promise<Mosquitto> {
  const port = await freePort();
  // A folder of its own: `t.testdir` empties the folder of the test.
  const folder = mkdtempSync(join(tmpdir(), 'framegate-mosquitto-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'mosquitto.conf');
  // As root, it would become another user, who cannot write into the folder.
  writeFileSync(file, ['user root', `listener ${port} 127.0.0.1`, 'log_type all', ...config, ''].join('\n'));
  let child: ChildProcess | undefined;
  let log = '';
  const start = async () => {
    child = spawn(program, ['-c', file], { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
    const started = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        log += text;
      });
    process.once('exit', () => started.kill('SIGKILL'));
    while (!(await accepts(port))) {
      if (started.exitCode !== null) throw new Error(`mosquitto refuses its configuration:\n${log}`);
      await sleep(pollMs);
    }
  };
  const kill = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  t.teardown(kill);
  await start();
  return { port, kill, start, signal: (name) => void child?.kill(name), log: () => log };
}

/** Everything that a subscriber gets, also after the broker was restarted, and with the broker's retained messages first. */
export async function subscribe(
  t: Owner,
  { port }: Pick<Mosquitto, 'port'>,
  topic = '#',
  options: IClientOptions = {},
): Promise<Received[]> {
  const client = connect({ port, host: '127.0.0.1', protocol: 'mqtt', reconnectPeriod: pollMs, ...options });
  t.teardown(() => client.endAsync(true));
  client.on('error', () => undefined);
  const received: Received[] = [];
  client.on('message', (name, payload, { retain }) =>
    received.push({ topic: name, payload: payload.toString(), isRetained: retain }),
  );
  await client.subscribeAsync(topic, { qos: 1 });
  return received;
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
