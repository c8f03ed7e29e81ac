/** Starts the processes of a fleet on this machine: broker, worker hosts, gateways. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../test/support/free-port.ts';

const cliPath = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
export const modelsDir = fileURLToPath(new URL('models', import.meta.url));

/** Workers of each host. */
export const workersPerHost = 4;

export interface Process {
  readonly pid: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface GatewayProcess extends Process {
  readonly origin: string;
}

/** Ended with this process, however it ends. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

function processOf(child: ChildProcess): Process {
  running.add(child);
  const ended = once(child, 'close').then(() => running.delete(child));
  return {
    pid: child.pid as number,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await ended;
    },
  };
}

/** Ends everything that still runs. */
export async function stopAll(): Promise<void> {
  const ends = [...running].map((child) => once(child, 'close'));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(ends);
}

export interface BrokerProcess extends Process {
  readonly port: number;
  readonly url: string;
}

/** Takes messages with frames of the default size limit. */
const brokerConfig = 'max_payload: 8MB\n';
const brokerStartMs = 300;

/** @param port of a broker that is started again. */
export async function startBroker(port?: number): Promise<BrokerProcess> {
  const chosen = port ?? (await freePort());
  const config = join(mkdtempSync(join(tmpdir(), 'framegate-broker-')), 'broker.conf');
  writeFileSync(config, brokerConfig);
  const child = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(chosen), '-c', config], { stdio: 'ignore' });
  child.once('error', (error) => {
    throw new Error(`needs nats-server: make test-deps, or apt install nats-server (${error.message})`);
  });
  await sleep(brokerStartMs);
  return { ...processOf(child), port: chosen, url: `nats://127.0.0.1:${chosen}` };
}

/** Resolves when it is ready. */
export async function startHost(
  broker: BrokerProcess,
  name: string,
  env: Record<string, string> = {},
): Promise<Process> {
  const child = spawnCli('worker', { NATS_URL: broker.url, HOST_NAME: name, ...env });
  await readyLine(child);
  return processOf(child);
}

/** Resolves when it is ready. Without a broker, it runs frames in its own threads. */
export async function startGateway(
  broker: BrokerProcess | undefined,
  env: Record<string, string> = {},
): Promise<GatewayProcess> {
  const remote = broker === undefined ? {} : { NATS_URL: broker.url, POOL_WORKERS: '0' };
  const child = spawnCli('serve', { PORT: '0', ...remote, ...env });
  const [, origin = ''] = /"url":"(ws:\/\/[^/"]+)/.exec(await readyLine(child)) ?? [];
  return { ...processOf(child), origin };
}

function spawnCli(command: string, env: Record<string, string>): ChildProcess {
  const common = { MODELS_DIR: modelsDir, POOL_WORKERS: String(workersPerHost), STREAM_MAX_SESSIONS: '2000' };
  const [stdio, all] = [['ignore', 'pipe', 'pipe'] as const, { ...process.env, ...common, LOG_FORMAT: 'json', ...env }];
  return spawn(process.execPath, [cliPath, command], { env: all, stdio: [...stdio] });
}

function readyLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      // Kept only until it is ready.
      if (log.length < maxKeptLog) log += text;
      if (log.includes('"event":"ready"') && log.endsWith('\n')) resolve(log);
    });
    child.once('close', () => reject(new Error(`a process ended before it was ready:\n${log}`)));
  });
}

const maxKeptLog = 100_000;
