/** One ffmpeg or ffprobe child process: keeps its last log lines, and never outlives this process. Main thread. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/** On SIGTERM, ffmpeg closes its camera session. If it hangs, it is killed after this. */
const killAfterMs = 1000;
const maxLines = 30;
const maxLineLength = 500;
/** Older lines are about earlier problems and do not explain the exit. */
const lineAgeMs = 5000;

/** Running children. None outlives this process unless it gets SIGKILL (see docs/guides/ip-cameras.md). */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class FfmpegProcess {
  /** The exit code, after all output is read; `undefined` if the process was killed by a signal or did not start. */
  readonly ended: Promise<number | undefined>;
  /** Undefined after the exit, or if it did not start. */
  #process: ChildProcess | undefined;
  readonly #lines: { readonly text: string; readonly atMs: number }[] = [];
  readonly #hasInput: boolean;
  #killTimer: NodeJS.Timeout | undefined;
  #endedAtMs: number | undefined;

  /** @param hasInput the process reads from standard input, see {@link write}. */
  constructor(program: string, args: readonly string[], output: (chunk: Buffer) => void, hasInput = false) {
    this.#hasInput = hasInput;
    this.ended = new Promise((resolve) => {
      const child = this.#spawn(program, args, output);
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
        this.#addLine(`[error] ${error.message}`);
        finish(null);
      });
    });
  }

  /** The lines of its last seconds on standard error, oldest first. */
  get lines(): readonly string[] {
    const minAtMs = (this.#endedAtMs ?? performance.now()) - lineAgeMs;
    return this.#lines.filter(({ atMs }) => atMs >= minAtMs).map(({ text }) => text);
  }

  /** Writes to its standard input; skipped if it has not read the previous input yet. */
  write(bytes: Buffer): void {
    const input = this.#process?.stdin;
    if (input?.writable && !input.writableNeedDrain) input.write(bytes);
  }

  /** Closes its standard input: it exits after it has written its remaining output. */
  endInput(): void {
    this.#process?.stdin?.end();
  }

  /** Stops it; further output is ignored. */
  stop(): void {
    const child = this.#process;
    if (child === undefined) return;
    child.stdout?.removeAllListeners('data');
    child.stdout?.destroy();
    child.kill('SIGTERM');
    this.#killTimer ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  }

  #spawn(program: string, args: readonly string[], output: (chunk: Buffer) => void): ChildProcess | undefined {
    try {
      // Detached, so that Ctrl-C does not reach it: the bridge stops it in order.
      const input = this.#hasInput ? 'pipe' : 'ignore';
      const child = spawn(program, args, { stdio: [input, 'pipe', 'pipe'], detached: process.platform !== 'win32' });
      // It may exit before it has read everything; the exit itself carries the reason.
      child.stdin?.on('error', () => undefined);
      this.#process = child;
      running.add(child);
      child.stdout?.on('data', output);
      this.#readLines(child.stderr);
      return child;
    } catch (error) {
      // Some system errors, such as too little memory for a process, are thrown instead of emitted.
      this.#addLine(`[error] ${(error as Error).message}`);
      return undefined;
    }
  }

  #readLines(stream: Readable | null): void {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split(/[\r\n]+/);
      rest = (lines.pop() ?? '').slice(0, maxLineLength);
      for (const line of lines) this.#addLine(line);
    });
    stream?.once('end', () => this.#addLine(rest));
  }

  #addLine(line: string): void {
    if (line.trim() === '') return;
    this.#lines.push({ text: line.slice(0, maxLineLength), atMs: performance.now() });
    if (this.#lines.length > maxLines) this.#lines.shift();
  }
}
