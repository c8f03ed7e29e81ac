/** Keeps the process below its memory limit by closing connections with incomplete messages. Runs on the loop. */
import type { Log } from '../observe/log.ts';

export interface MemoryGuardParts {
  /** The limit. */
  readonly maxBytes: number;
  /** Maximum size of one incomplete message. */
  readonly bytesPerMessage: number;
  /** Current resident memory of the process. */
  readonly residentBytes: () => number;
  /** Closes up to `count` sockets, those longest without a complete message first. @returns how many were closed. */
  readonly closeSockets: (count: number) => number;
  readonly log: Log;
}

/** If closing sockets has not helped, something else holds the memory: the pause before the next attempt doubles. */
const minPauseMs = 100;
const maxPauseMs = 30_000;
const bytesPerMegabyte = 1_048_576;

export class MemoryGuard {
  readonly #parts: MemoryGuardParts;
  #pauseMs = minPauseMs;
  #nextMs = Number.NEGATIVE_INFINITY;
  #lastBytes = Number.POSITIVE_INFINITY;
  #isOverLimit = false;

  constructor(parts: MemoryGuardParts) {
    this.#parts = parts;
  }

  /** Whether memory was above the limit at the last check; nothing new should be admitted then. */
  get isOverLimit(): boolean {
    return this.#isOverLimit;
  }

  /** Checks memory and closes sockets if necessary. Called about ten times per second. */
  check(nowMs: number): void {
    const { maxBytes, bytesPerMessage, residentBytes, closeSockets, log } = this.#parts;
    const bytes = residentBytes();
    const wasOverLimit = this.#isOverLimit;
    this.#isOverLimit = bytes > maxBytes;
    const figures = { resident_mb: megabytesOf(bytes), max_mb: megabytesOf(maxBytes) };
    if (!this.#isOverLimit) {
      if (wasOverLimit) log.info('memory_normal', figures, 'memory is below MAX_MEMORY_MB again');
      this.#pauseMs = minPauseMs;
      this.#lastBytes = Number.POSITIVE_INFINITY;
      return;
    }
    if (nowMs < this.#nextMs) return;
    const ended = closeSockets(Math.ceil((bytes - maxBytes) / bytesPerMessage));
    this.#pauseMs = bytes < this.#lastBytes ? minPauseMs : Math.min(maxPauseMs, 2 * this.#pauseMs);
    this.#lastBytes = bytes;
    this.#nextMs = nowMs + this.#pauseMs;
    log.warn(
      'memory_high',
      { ...figures, ended },
      'memory is above MAX_MEMORY_MB; closing connections with incomplete messages and rejecting new ones',
    );
  }
}

function megabytesOf(bytes: number): number {
  return Math.round(bytes / bytesPerMegabyte);
}
