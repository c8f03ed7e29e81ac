/** One ffmpeg or ffprobe as a child process: its last lines, its end, and that it is never left behind. Main thread. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/** ffmpeg asked to end tells the camera so; one that hangs is killed after this. */
const killAfterMs = 1000;
const maxLines = 30;
const maxLineLength = 500;
/** An older line is about something that passed: it does not say why the process ended. */
const lineAgeMs = 5000;

/** Children that run now: none of them outlives this process, however it ends, but by SIGKILL (see docs/guides/ip-cameras.md). */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Child {
  /** Settles when the process is gone and its output is read. `undefined`: it was ended by a signal, or never began. */
  readonly ended: Promise<number | undefined>;
  /** Undefined when it is gone, or never began. */
  #process: ChildProcess | undefined;
  readonly #lines: { readonly text: string; readonly atMs: number }[] = [];
  readonly #hasInput: boolean;
  #killTimer: NodeJS.Timeout | undefined;
  #endedAtMs: number | undefined;

  /** @param hasInput it reads what {@link write} gives it on standard input. */
  constructor(program: string, args: readonly string[], output: (chunk: Buffer) => void, hasInput = false) {
    this.#hasInput = hasInput;
    this.ended = new Promise((resolve) => {
      const child = this.#begin(program, args, output);
      if (child === undefined) return resolve(undefined);
      const finish = (code: number | null) => {
        clearTimeout(this.#killTimer);
        running.delete(child);
        this.#process = undefined;
        this.#endedAtMs = performance.now();
        resolve(code ?? undefined);
      };
      child.once('close', finish);
      child.once('error', (error) => {
        this.#said(`[error] ${error.message}`);
        finish(null);
      });
    });
  }

  /** What it said on standard error in its last seconds, oldest first. */
  get lines(): readonly string[] {
    const oldestMs = (this.#endedAtMs ?? performance.now()) - lineAgeMs;
    return this.#lines.filter(({ atMs }) => atMs >= oldestMs).map(({ text }) => text);
  }

  /** Gives it something to read, unless it has not read what it got before: then this is left out. */
  write(bytes: Buffer): void {
    const input = this.#process?.stdin;
    if (input?.writable && !input.writableNeedDrain) input.write(bytes);
  }

  /** There is no more to read: it ends when it has given all that it made of it. */
  endInput(): void {
    this.#process?.stdin?.end();
  }

  /** Ends it; nothing of its output is seen any more. */
  stop(): void {
    const child = this.#process;
    if (child === undefined) return;
    child.stdout?.removeAllListeners('data');
    child.stdout?.destroy();
    child.kill('SIGTERM');
    this.#killTimer ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  }

  #begin(program: string, args: readonly string[], output: (chunk: Buffer) => void): ChildProcess | undefined {
    try {
      // No terminal's Ctrl-C for it: the bridge ends it itself, in order.
      const input = this.#hasInput ? 'pipe' : 'ignore';
      const child = spawn(program, args, { stdio: [input, 'pipe', 'pipe'], detached: process.platform !== 'win32' });
      // It ends before it has read everything: its end says why.
      child.stdin?.on('error', () => undefined);
      this.#process = child;
      running.add(child);
      child.stdout?.on('data', output);
      this.#readLines(child.stderr);
      return child;
    } catch (error) {
      // Some faults of the machine, such as no memory for a process, are thrown and not told by an event.
      this.#said(`[error] ${(error as Error).message}`);
      return undefined;
    }
  }

  #readLines(stream: Readable | null): void {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split(/[\r\n]+/);
      rest = (lines.pop() ?? '').slice(0, maxLineLength);
      for (const line of lines) this.#said(line);
    });
    stream?.once('end', () => this.#said(rest));
  }

  #said(line: string): void {
    if (line.trim() === '') return;
    this.#lines.push({ text: line.slice(0, maxLineLength), atMs: performance.now() });
    if (this.#lines.length > maxLines) this.#lines.shift();
  }
}
