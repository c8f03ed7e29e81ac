/** Starts a real gateway in a separate process, like a user would, and stops it again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cliPath } from './cli-path.ts';
import './fresh-page.ts';

/** Pipelines and tools for tests, without models. */
export const fixtureModels = fileURLToPath(new URL('../fixtures/models', import.meta.url));

/** The included models and pipelines. */
export const shippedModels = fileURLToPath(new URL('../../native-models', import.meta.url));

export interface Gateway {
  readonly port: number;
  readonly httpUrl: string;
  /** The URL of a stream. */
  streamUrl(pipelineId: string): string;
  /** The log so far. */
  log(): string;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when the process has ended. */
  ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** SIGTERM, then {@link ended}. */
  stop(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Ends the process at once, for cleaning up. */
  kill(): Promise<void>;
  readonly pid: number;
}

export interface ProcessLimits {
  /** Limit of file descriptors of the process. */
  readonly openFiles?: number;
  /** Comes before the command. */
  readonly prefix?: readonly string[];
}

/** Raw requests of the tests use the short names as their host. */
const testEnv = {
  ...{ PORT: '0', MODELS_DIR: fixtureModels, POOL_WORKERS: '2' },
  ALLOWED_HOSTS: 'a,g,gate,h,s,x,probe',
};

/** Starts a gateway on a free port and waits until it is ready. */
export async function startGateway(env: Record<string, string> = {}, limits: ProcessLimits = {}): Promise<Gateway> {
  const child = spawnCli(['serve'], { ...testEnv, ...env }, limits);
  let log = '';
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    // Not `exit`: the last log lines may arrive after it.
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const ready = /"event":"ready","url":"wss?:\/\/[^"]*:(\d+)\//.exec(log);
      if (ready !== null) resolve(Number(ready[1]));
    });
    child.once('exit', () => reject(new Error(`the gateway did not start:\n${log}`)));
  });
  return {
    port,
    pid: child.pid as number,
    httpUrl: `http://127.0.0.1:${port}`,
    streamUrl: (pipelineId) => `ws://127.0.0.1:${port}/ws/video/stream?pipeline_id=${pipelineId}`,
    log: () => log,
    signal: (signal) => void child.kill(signal),
    ended: () => ended,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
    kill: async () => {
      if (isMeasured) await endedSoon(child);
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** For `npm run coverage`: a killed process cannot write its coverage. */
const isMeasured = process.env['NODE_V8_COVERAGE'] !== undefined;
const measuredEndMs = 4000;

/** Asks a process to end, and kills it if it takes too long. */
async function endedSoon(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, measuredEndMs).unref())]);
}

/** Runs the command line with an environment without the tests' own variables. */
export function spawnCli(
  args: readonly string[],
  env: Record<string, string> = {},
  { openFiles, prefix = [] }: ProcessLimits = {},
): ChildProcess {
  const { PATH, HOME, NODE_V8_COVERAGE } = process.env;
  const passed = Object.entries({ PATH, HOME, NODE_V8_COVERAGE }).filter(([, value]) => value !== undefined);
  const command = [...prefix, process.execPath, cliPath, ...args];
  // Node raises the soft limit to the hard one, so both are set.
  if (openFiles !== undefined) command.unshift('sh', '-c', `ulimit -n ${openFiles} && exec "$@"`, 'sh');
  const child = spawn(command[0] as string, command.slice(1), {
    env: { ...(Object.fromEntries(passed) as Record<string, string>), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A test file that fails must not leave its processes running.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return child;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that takes longer is killed, and its code is `null`. */
const maxCommandMs = 90_000;

/** Runs one command and waits for its end. */
export function runCli(
  args: readonly string[],
  env: Record<string, string> = {},
  limitMs: number = maxCommandMs,
): Promise<Finished> {
  const child = spawnCli(args, env);
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(limit);
      resolve({ code, stdout, stderr });
    });
  });
}
