/** A gateway of the soak as a process of its own: started, watched, stopped, killed and started again on the same port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Readiness } from '../../test/support/vital-signs.ts';

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const cliPath = pathOf('../../dist/cli.js');
const memoryReport = pathOf('../servers/memory-report.ts');

/** What a gateway holds. */
export interface Vitals {
  readonly rss_bytes: number;
  /** Heap of the main thread. */
  readonly heap_bytes: number;
  /** Memory of the main thread outside its heap: buffers of frames and messages above all. */
  readonly external_bytes: number;
  readonly file_handles: number;
  readonly threads: number;
}

const pollMs = 50;
const maxWaitMs = 60_000;
const bytesPerKilobyte = 1024;

export class SoakGateway {
  readonly name: string;
  readonly port: number;
  readonly #env: Readonly<Record<string, string>>;
  readonly #logPath: string;
  #child: ChildProcess | undefined;

  /** @param logPath a file that gets what the gateway logs, as its operator's would. */
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

  /** Whether it runs: neither ended by itself nor by us. */
  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Workers that it has lost since its first start, by its log. */
  get lostWorkers(): number {
    return readFileSync(this.#logPath, 'utf8').split('"msg":"a worker was lost"').length - 1;
  }

  /** How it ended, for a sentence. */
  get exitDescription(): string {
    return `${this.name} ended with ${this.#child?.signalCode ?? this.#child?.exitCode}; its log is ${this.#logPath}`;
  }

  /** Starts it, again if it ended. Settles when all its workers are ready. */
  async start(): Promise<void> {
    const log = openSync(this.#logPath, 'a');
    this.#child = spawn(process.execPath, ['--import', memoryReport, cliPath, 'serve'], {
      env: { ...process.env, ...this.#env, HOST: '127.0.0.1', PORT: String(this.port) },
      stdio: ['ignore', 'ignore', log, 'ipc'],
    });
    closeSync(log);
    const child = this.#child;
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    await this.allReady();
  }

  /** Waits until every worker is ready. @throws Error when it has ended or takes too long. */
  async allReady(): Promise<void> {
    await this.#until(({ pool }) => pool.ready === pool.size);
  }

  /** Waits until nobody is connected and nothing is going on. @returns whether that came. */
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
    const answer = once(child, 'message');
    child.send('memory');
    const [usage] = (await answer) as [NodeJS.MemoryUsage];
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

  /** Sends a signal that ends it, and waits for its end. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.isRunning) return;
    const ended = once(this.#child as ChildProcess, 'exit');
    this.signal(signal);
    await ended;
  }

  /** Polls `/readyz`, on a connection of its own each time so that none stays behind. */
  async #until(holds: (seen: Readiness) => boolean): Promise<void> {
    const deadlineMs = performance.now() + maxWaitMs;
    for (;;) {
      if (!this.isRunning) throw new Error(this.exitDescription);
      const seen = await this.#readiness();
      if (seen !== undefined && holds(seen)) return;
      if (performance.now() > deadlineMs)
        throw new Error(`${this.name} does not come to rest: ${JSON.stringify(seen)}`);
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
