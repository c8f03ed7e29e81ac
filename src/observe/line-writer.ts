/** Writes lines to a non-blocking descriptor. Lines that do not fit the buffer are dropped, counted, and reported once there is room. Main thread. */
import { writeSync } from 'node:fs';

export interface LineWriterOptions {
  /** Writes as much as possible. @returns the number of bytes. @throws an Error with the system's `code`; EAGAIN if there is no room now. */
  readonly write: (bytes: Uint8Array) => number;
  /** The line, including its line break, that reports how many were dropped. */
  readonly describeDropped: (lines: number) => string;
  /** Bytes buffered for the reader. */
  readonly maxBufferedBytes?: number;
}

/** Some 5,000 lines: enough for a reader that pauses briefly. */
const defaultMaxBufferedBytes = 1_048_576;

/** Retry interval while the reader does not read. */
const retryFullMs = 100;

/** Retry interval if the disk is full or the reader is gone. */
const retryFailedMs = 1000;

/** How long process exit waits for the reader. */
const maxFlushMs = 200;
const flushPollMs = 10;

interface BufferedLine {
  readonly bytes: Uint8Array;
  /** Lines lost if this one is dropped. */
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
  /** A line was cut off: the next one starts with a line break. */
  #isTruncated = false;
  /** Set while the descriptor accepts nothing. */
  #retryTimer: NodeJS.Timeout | undefined;

  constructor(options: LineWriterOptions) {
    this.#options = options;
    this.#maxBufferedBytes = options.maxBufferedBytes ?? defaultMaxBufferedBytes;
  }

  /** @param line including its line break. Never throws, never blocks. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    // After a loss, the loss is reported before any further line, so that the report stands where the lines are missing.
    if (this.#dropped > 0 || this.#bufferedBytes + bytes.length > this.#maxBufferedBytes) this.#dropped += 1;
    else this.#append(bytes, 1);
    if (this.#retryTimer === undefined) this.#drain();
  }

  /** Writes the buffered lines before the process exits. Waits for the reader, but not for long. */
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

  /** Called by pino after a fatal line. */
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

/** File descriptor of standard error. */
const stderrDescriptor = 2;

/** Writes to standard error, which `openStderr` must have made non-blocking. */
export function stderrWriter(describeDropped: LineWriterOptions['describeDropped']): LineWriter {
  return new LineWriter({ write: (bytes) => writeSync(stderrDescriptor, bytes), describeDropped });
}
