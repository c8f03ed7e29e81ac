/** A gateway process that can be started, monitored, stopped, killed and restarted on the same port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Readiness } from '../../test/support/vital-signs.ts';

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const cliPath = pathOf('../../dist/cli.js');
const memoryReport = pathOf('../servers/memory-report.ts');

/** Resource usage of a gateway. */
export interface Vitals {
  readonly rss_bytes: number;
  /** Heap of the main thread. */
  readonly heap_bytes: number;
  /** Memory of the main thread outside its heap: mainly buffers of frames and messages. */
  readonly external_bytes: number;
  readonly file_handles: number;
  readonly threads: number;
}

/** Of an exported setting: `/readyz` of the main port must have its details, and several gateways cannot share an admin port. */
const noAdmin = { ADMIN_HOST: '', ADMIN_PORT: '' };

const pollMs = 50;
const maxWaitMs = 60_000;
const bytesPerKilobyte = 1024;

export class SoakGateway {
  readonly name: string;
  readonly port: number;
  readonly #env: Readonly<Record<string, string>>;
  readonly #logPath: string;
  #child: ChildProcess | undefined;

  /** @param logPath file for the gateway's log. */
  constructor(name: string, port: number, logPath: string, env: Readonly<Record<string, string>>) {
    this.name = name;
    this.port = port;
    this.#logPath = logPath;
    this.#env = env;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} has not been started`);
    return this.#child.pid;
  }

  /** Whether the process is running. */
  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Number of lost workers since the first start, from the log. */
  get lostWorkers(): number {
    return readFileSync(this.#logPath, 'utf8').split('"event":"worker_exit"').length - 1;
  }

  /** Describes how it exited. */
  get exitDescription(): string {
    return `${this.name} exited with ${this.#child?.signalCode ?? this.#child?.exitCode}; log: ${this.#logPath}`;
  }

  /** Starts or restarts it. Resolves when all its workers are ready. */
  async start(): Promise<void> {
    const log = openSync(this.#logPath, 'a');
    this.#child = spawn(process.execPath, ['--import', memoryReport, cliPath, 'serve'], {
      env: { ...process.env, ...this.#env, HOST: '127.0.0.1', PORT: String(this.port), ...noAdmin },
      stdio: ['ignore', 'ignore', log, 'ipc'],
    });
    closeSync(log);
    const child = this.#child;
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    await this.allReady();
  }

  /** Waits until every worker is ready. @throws Error if it exits or takes too long. */
  async allReady(): Promise<void> {
    await this.#until(({ pool }) => pool.ready === pool.size);
  }

  /** Waits until there are no sessions and no work. @returns whether that happened in time. */
  async isIdle(): Promise<boolean> {
    try {
      await this.#until(
        ({ pool }) =>
          pool.ready === pool.size && pool.busy + pool.timedOut + pool.inFlight + pool.frameBytes + pool.sessions === 0,
      );
      return true;
    } catch {
      return false;
    }
  }

  async vitals(): Promise<Vitals> {
    const child = this.#child as ChildProcess;
    const reply = once(child, 'message');
    child.send('memory');
    const [usage] = (await reply) as [NodeJS.MemoryUsage];
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    return {
      rss_bytes: field('VmRSS') * bytesPerKilobyte,
      heap_bytes: usage.heapUsed,
      external_bytes: usage.external,
      file_handles: readdirSync(`/proc/${this.pid}/fd`).length,
      threads: field('Threads'),
    };
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Sends a signal and waits for the exit. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.isRunning) return;
    const ended = once(this.#child as ChildProcess, 'exit');
    this.signal(signal);
    await ended;
  }

  /** Polls `/readyz`, on a new connection each time so that none stays open. */
  async #until(holds: (seen: Readiness) => boolean): Promise<void> {
    const deadlineMs = performance.now() + maxWaitMs;
    for (;;) {
      if (!this.isRunning) throw new Error(this.exitDescription);
      const seen = await this.#readiness();
      if (seen !== undefined && holds(seen)) return;
      if (performance.now() > deadlineMs)
        throw new Error(`${this.name} did not reach the expected state: ${JSON.stringify(seen)}`);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  async #readiness(): Promise<Readiness | undefined> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.port}/readyz`, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(maxWaitMs),
      });
      return (await response.json()) as Readiness;
    } catch {
      return undefined;
    }
  }
}
