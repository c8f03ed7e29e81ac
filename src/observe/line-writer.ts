/** Writes lines to a descriptor that never blocks: what finds no room is dropped, counted and told once there is room again. Main thread. */
import { writeSync } from 'node:fs';

export interface LineWriterOptions {
  /** Writes what it can. @returns how many bytes. @throws an Error with the system's `code`; EAGAIN where there is no room now. */
  readonly write: (bytes: Uint8Array) => number;
  /** The line, with its end, that tells how many were dropped. */
  readonly describeDropped: (lines: number) => string;
  /** Bytes that may wait for a reader. */
  readonly maxBufferedBytes?: number;
}

/** Some 5,000 lines: a reader that stops for a moment loses none. */
const defaultMaxBufferedBytes = 1_048_576;

/** A reader that does not read is looked at again after this. */
const retryFullMs = 100;

/** A disk that is full, or a reader that has gone, is tried again after this. */
const retryFailedMs = 1000;

/** How long the end of the process waits for a reader. */
const maxFlushMs = 200;
const flushPollMs = 10;

interface BufferedLine {
  readonly bytes: Uint8Array;
  /** Lines that are lost when this one is. */
  readonly lines: number;
}

export class LineWriter {
  readonly #options: LineWriterOptions;
  readonly #maxBufferedBytes: number;
  #buffered: BufferedLine[] = [];
  #bufferedBytes = 0;
  /** Bytes of the first line that have been written. */
  #written = 0;
  #dropped = 0;
  /** A line was cut: the next one begins with the missing end. */
  #isTruncated = false;
  /** Set while the descriptor takes nothing. */
  #retryTimer: NodeJS.Timeout | undefined;

  constructor(options: LineWriterOptions) {
    this.#options = options;
    this.#maxBufferedBytes = options.maxBufferedBytes ?? defaultMaxBufferedBytes;
  }

  /** @param line with its end. Never throws, never waits. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    // After a loss nothing goes on before the loss itself is told, so that the gap is where the lines are missing.
    if (this.#dropped > 0 || this.#bufferedBytes + bytes.length > this.#maxBufferedBytes) this.#dropped += 1;
    else this.#append(bytes, 1);
    if (this.#retryTimer === undefined) this.#drain();
  }

  /** Writes what waits, for a process that is about to end: waits for a reader, but not for long. */
  flush(): void {
    clearTimeout(this.#retryTimer);
    const deadlineMs = performance.now() + maxFlushMs;
    this.#drain();
    while (this.#buffered.length > 0 && performance.now() < deadlineMs) {
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
    this.#buffered.push({ bytes, lines });
    this.#bufferedBytes += bytes.length;
  }

  #drain(): void {
    this.#retryTimer = undefined;
    try {
      this.#writeBuffered();
      if (this.#dropped === 0) return;
      this.#appendDropped();
      this.#writeBuffered();
    } catch (error) {
      const isFull = (error as NodeJS.ErrnoException).code === 'EAGAIN';
      if (!isFull) this.#discardBuffered();
      this.#retryTimer = setTimeout(() => this.#drain(), isFull ? retryFullMs : retryFailedMs).unref();
    }
  }

  #appendDropped(): void {
    const text = this.#options.describeDropped(this.#dropped);
    this.#append(Buffer.from(this.#isTruncated ? `\n${text}` : text), this.#dropped);
    this.#dropped = 0;
    this.#isTruncated = false;
  }

  #writeBuffered(): void {
    for (let first = this.#buffered[0]; first !== undefined; first = this.#buffered[0]) {
      this.#written += this.#options.write(first.bytes.subarray(this.#written));
      if (this.#written < first.bytes.length) continue;
      this.#buffered.shift();
      this.#bufferedBytes -= first.bytes.length;
      this.#written = 0;
    }
  }

  #discardBuffered(): void {
    this.#isTruncated ||= this.#written > 0;
    this.#dropped += this.#buffered.reduce((sum, { lines }) => sum + lines, 0);
    this.#buffered = [];
    this.#bufferedBytes = 0;
    this.#written = 0;
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms);
}

/** The number that standard error always has. */
const stderrDescriptor = 2;

/** A writer to standard error, which is made non-blocking before by `openStderr`. */
export function stderrWriter(describeDropped: LineWriterOptions['describeDropped']): LineWriter {
  return new LineWriter({ write: (bytes) => writeSync(stderrDescriptor, bytes), describeDropped });
}
