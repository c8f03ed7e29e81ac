/** Starts a real gateway as a process of its own, as a user would, and stops it again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const cliPath = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

/** Pipelines and tools made for tests, without any model. */
export const fixtureModels = fileURLToPath(new URL('../fixtures/models', import.meta.url));

/** The models and pipelines that ship. */
export const shippedModels = fileURLToPath(new URL('../../native-models', import.meta.url));

export interface Gateway {
  readonly port: number;
  readonly httpUrl: string;
  /** The address of a stream. */
  streamUrl(pipelineId: string): string;
  /** What the log has said so far. */
  log(): string;
  signal(signal: NodeJS.Signals): void;
  /** Waits for the process to end. */
  ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** SIGTERM, then {@link ended}. */
  stop(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Ends the process at once, whatever it does: for cleaning up. */
  kill(): Promise<void>;
  readonly pid: number;
}

export interface ProcessLimits {
  /** File descriptors that the process may have. */
  readonly openFiles?: number;
}

/** Starts a gateway on a free port and waits until it is ready. */
export async function startGateway(env: Record<string, string> = {}, limits: ProcessLimits = {}): Promise<Gateway> {
  const child = spawnCli(['serve'], { PORT: '0', MODELS_DIR: fixtureModels, POOL_WORKERS: '2', ...env }, limits);
  let log = '';
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    // Not `exit`: the last lines of the log may come after it.
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const ready = /"url":"ws:\/\/[^"]*:(\d+)\/.*"msg":"ready"/.exec(log);
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

/** `npm run coverage`: a process that is killed cannot write what it ran. */
const isMeasured = process.env['NODE_V8_COVERAGE'] !== undefined;
const measuredEndMs = 4000;

/** Asks a process to end, and gives it some time to. */
async function endedSoon(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, measuredEndMs).unref())]);
}

/** Runs the command line with an environment that has nothing of the tests' own in it. */
export function spawnCli(
  args: readonly string[],
  env: Record<string, string> = {},
  { openFiles }: ProcessLimits = {},
): ChildProcess {
  const { PATH, HOME, NODE_V8_COVERAGE } = process.env;
  const passed = Object.entries({ PATH, HOME, NODE_V8_COVERAGE }).filter(([, value]) => value !== undefined);
  const command = [process.execPath, cliPath, ...args];
  // Node raises the soft limit to the hard one, so both are set.
  if (openFiles !== undefined) command.unshift('sh', '-c', `ulimit -n ${openFiles} && exec "$@"`, 'sh');
  const child = spawn(command[0] as string, command.slice(1), {
    env: { ...(Object.fromEntries(passed) as Record<string, string>), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A test file that fails half-way must not leave its processes behind.
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

/** A command that takes longer than this is ended, and its code is `null`. */
const maxCommandMs = 90_000;

/** Runs one command of the command line to its end. */
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
