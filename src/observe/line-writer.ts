/** Writes lines to a descriptor that never blocks: what finds no room is dropped, counted and told once there is room again. Main thread. */
import { writeSync } from 'node:fs';

export interface LineWriterOptions {
  /** Writes what it can. @returns how many bytes. @throws an Error with the system's `code`; EAGAIN where there is no room now. */
  readonly write: (bytes: Uint8Array) => number;
  /** The line, with its end, that tells how many were dropped. */
  readonly describeLoss: (lines: number) => string;
  /** Bytes that may wait for a reader. */
  readonly maxWaitingBytes?: number;
}

/** Some 5,000 lines: a reader that stops for a moment loses none. */
const defaultMaxWaitingBytes = 1_048_576;

/** A reader that does not read is looked at again after this. */
const retryFullMs = 100;

/** A disk that is full, or a reader that has gone, is tried again after this. */
const retryFailedMs = 1000;

/** How long the end of the process waits for a reader. */
const maxFlushMs = 200;
const flushPollMs = 10;

interface WaitingLine {
  readonly bytes: Uint8Array;
  /** Lines that are lost when this one is. */
  readonly lines: number;
}

export class LineWriter {
  readonly #options: LineWriterOptions;
  readonly #maxWaitingBytes: number;
  #waiting: WaitingLine[] = [];
  #waitingBytes = 0;
  /** Bytes of the first line that have been written. */
  #written = 0;
  #lost = 0;
  /** A line was cut: the next one begins with the missing end. */
  #isCut = false;
  /** Set while the descriptor takes nothing. */
  #retryTimer: NodeJS.Timeout | undefined;

  constructor(options: LineWriterOptions) {
    this.#options = options;
    this.#maxWaitingBytes = options.maxWaitingBytes ?? defaultMaxWaitingBytes;
  }

  /** @param line with its end. Never throws, never waits. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    // After a loss nothing goes on before the loss itself is told, so that the gap is where the lines are missing.
    if (this.#lost > 0 || this.#waitingBytes + bytes.length > this.#maxWaitingBytes) this.#lost += 1;
    else this.#append(bytes, 1);
    if (this.#retryTimer === undefined) this.#drain();
  }

  /** Writes what waits, for a process that is about to end: waits for a reader, but not for long. */
  flush(): void {
    clearTimeout(this.#retryTimer);
    const deadlineMs = performance.now() + maxFlushMs;
    this.#drain();
    while (this.#waiting.length > 0 && performance.now() < deadlineMs) {
      sleep(flushPollMs);
      clearTimeout(this.#retryTimer);
      this.#drain();
    }
  }

  /** pino calls it after a fatal line. */
  flushSync(): void {
    this.flush();
  }

  #append(bytes: Uint8Array, lines: number): void {
    this.#waiting.push({ bytes, lines });
    this.#waitingBytes += bytes.length;
  }

  #drain(): void {
    this.#retryTimer = undefined;
    try {
      this.#writeWaiting();
      if (this.#lost === 0) return;
      this.#appendLoss();
      this.#writeWaiting();
    } catch (error) {
      const isFull = (error as NodeJS.ErrnoException).code === 'EAGAIN';
      if (!isFull) this.#giveUpWaiting();
      this.#retryTimer = setTimeout(() => this.#drain(), isFull ? retryFullMs : retryFailedMs).unref();
    }
  }

  #appendLoss(): void {
    const text = this.#options.describeLoss(this.#lost);
    this.#append(Buffer.from(this.#isCut ? `\n${text}` : text), this.#lost);
    this.#lost = 0;
    this.#isCut = false;
  }

  #writeWaiting(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      this.#written += this.#options.write(first.bytes.subarray(this.#written));
      if (this.#written < first.bytes.length) continue;
      this.#waiting.shift();
      this.#waitingBytes -= first.bytes.length;
      this.#written = 0;
    }
  }

  #giveUpWaiting(): void {
    this.#isCut ||= this.#written > 0;
    this.#lost += this.#waiting.reduce((sum, { lines }) => sum + lines, 0);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#written = 0;
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms);
}

/** The number that standard error always has. */
const stderrDescriptor = 2;

/** A writer to standard error, which is made non-blocking before by `openStderr`. */
export function stderrWriter(describeLoss: LineWriterOptions['describeLoss']): LineWriter {
  return new LineWriter({ write: (bytes) => writeSync(stderrDescriptor, bytes), describeLoss });
}
