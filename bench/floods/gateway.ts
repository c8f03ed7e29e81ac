/** The gateway under test: a child process with the limits and the log that the flood needs. Main thread. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseStat } from '../../src/load/server-usage.ts';
import type { ErrorOutput, Flood } from './flood.ts';

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const cliPath = pathOf('../../dist/cli.js');
/** Contains the pipelines `echo`, which returns a result immediately, `failing` and `bulky`. */
const modelsDir = pathOf('../../test/fixtures/models');

/** Of an exported setting: `/readyz` of the main port must have its details. */
const noAdmin = { ADMIN_HOST: '', ADMIN_PORT: '' };

const startTimeoutMs = 30_000;
/** A hanging gateway does not respond. */
const responseTimeoutMs = 5000;
const pollMs = 50;
/** A hanging gateway does not handle SIGTERM. */
const stopTimeoutMs = 5000;
const bytesPerKilobyte = 1024;
/** USER_HZ on every Linux that Node runs on. */
const ticksPerSecond = 100;

export interface GatewayUnderTest {
  readonly host: string;
  readonly port: number;
  readonly streamUrl: string;
  /** Signal or exit code of an exited gateway; `undefined` while it runs. */
  readonly ended: string | undefined;
  rssBytes(): number;
  openFiles(): number;
  cpuSeconds(): number;
  /** Sessions reported by `/readyz`; `null` without a response. */
  sessions(): Promise<number | null>;
  /** Log lines so far, by `event`. */
  logLines(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** @throws Error if it does not become ready. */
export async function startGateway(flood: Pick<Flood, 'env' | 'maxFiles' | 'errorOutput'>): Promise<GatewayUnderTest> {
  const host = '127.0.0.1';
  const port = await freePort();
  const env = { MODELS_DIR: modelsDir, ...flood.env, ...process.env, HOST: host, PORT: String(port), ...noAdmin };
  const log = openLog(flood.errorOutput ?? 'read');
  const child = spawn('sh', ['-c', startScript(flood.maxFiles), 'sh', process.execPath, cliPath, 'serve'], {
    env,
    stdio: ['ignore', 'ignore', log.stdio],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let ended: string | undefined;
  const closed = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = signal ?? `exit code ${code}`;
      process.off('exit', kill);
      log.close();
      resolve();
    });
  });
  const lines = countLines(child);
  const readyUrl = `http://${host}:${port}/readyz`;
  await readiness(readyUrl, () => ended, kill);
  const { pid } = child as { pid: number };
  return {
    host,
    port,
    streamUrl: `ws://${host}:${port}/ws/video/stream?pipeline_id=echo`,
    get ended() {
      return ended;
    },
    rssBytes: () => bytesPerKilobyte * Number(/^VmRSS:\s+(\d+) kB$/m.exec(procFile(pid, 'status'))?.[1] ?? 0),
    openFiles: () => (ended === undefined ? readdirSync(`/proc/${pid}/fd`).length : 0),
    cpuSeconds: () => (ended === undefined ? parseStat(procFile(pid, 'stat')).ticks / ticksPerSecond : 0),
    sessions: () => sessionsOf(readyUrl),
    logLines: () => ({ ...lines }),
    stop: async () => {
      child.kill('SIGTERM');
      const limit = setTimeout(kill, stopTimeoutMs);
      await closed;
      clearTimeout(limit);
    },
  };
}

/** Uses `exec`, so that the gateway gets the shell's PID. */
function startScript(maxFiles: number | undefined): string {
  return `${maxFiles === undefined ? '' : `ulimit -n ${maxFiles} && `}exec "$@"`;
}

function openLog(output: ErrorOutput): { readonly stdio: 'pipe' | number; close(): void } {
  if (output === 'read') return { stdio: 'pipe', close: () => undefined };
  if (output === 'full') {
    const full = openSync('/dev/full', 'w');
    return { stdio: full, close: () => closeSync(full) };
  }
  // Both ends are open in this process, and nothing is ever read.
  const folder = mkdtempSync(join(tmpdir(), 'framegate-floods-'));
  const path = join(folder, 'log');
  execFileSync('mkfifo', [path]);
  const unread = openSync(path, 'r+');
  rmSync(folder, { recursive: true });
  return { stdio: unread, close: () => closeSync(unread) };
}

/** Counts log lines by `event`; a line that is not JSON counts as `other`. */
function countLines({ stderr }: ChildProcess): Record<string, number> {
  const lines: Record<string, number> = {};
  if (stderr === null) return lines;
  createInterface(stderr).on('line', (line) => {
    const kind = /"event":"([^"]*)"/.exec(line)?.[1] ?? 'other';
    lines[kind] = (lines[kind] ?? 0) + 1;
  });
  return lines;
}

async function readiness(url: string, endedWith: () => string | undefined, kill: () => void): Promise<void> {
  const deadlineMs = performance.now() + startTimeoutMs;
  for (;;) {
    const ended = endedWith();
    if (ended !== undefined) throw new Error(`the gateway did not start: ${ended}`);
    const isReady = await fetch(url, { headers: { connection: 'close' } }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    if (performance.now() > deadlineMs) {
      kill();
      throw new Error(`the gateway was not ready within ${startTimeoutMs / 1000} s`);
    }
    await sleep(pollMs);
  }
}

async function sessionsOf(readyUrl: string): Promise<number | null> {
  try {
    const signal = AbortSignal.timeout(responseTimeoutMs);
    const response = await fetch(readyUrl, { headers: { connection: 'close' }, signal });
    const { pool } = (await response.json()) as { readonly pool: { readonly sessions: number } };
    return pool.sessions;
  } catch {
    return null;
  }
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
