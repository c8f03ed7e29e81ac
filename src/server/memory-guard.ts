/** Keeps the process below its memory ceiling by giving up messages that do not come to their end. Runs on the loop. */
import type { Log } from '../observe/log.ts';

export interface MemoryGuardParts {
  /** The ceiling. */
  readonly maxBytes: number;
  /** What one unfinished message may hold. */
  readonly bytesPerMessage: number;
  /** Resident memory of the process now. */
  readonly residentBytes: () => number;
  /** Closes up to so many sockets that have been longest without a whole message. @returns how many. */
  readonly closeSockets: (count: number) => number;
  readonly log: Log;
}

/** Where closing sockets has not helped, something else holds the memory: the next try is later, and later again. */
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

  /** Whether there was more than the ceiling at the last look: nothing new should be let in. */
  get isOverLimit(): boolean {
    return this.#isOverLimit;
  }

  /** Looks at the memory, and acts. Called about ten times a second. */
  check(nowMs: number): void {
    const { maxBytes, bytesPerMessage, residentBytes, closeSockets, log } = this.#parts;
    const bytes = residentBytes();
    const wasOverLimit = this.#isOverLimit;
    this.#isOverLimit = bytes > maxBytes;
    const figures = { residentMB: megabytesOf(bytes), maxMB: megabytesOf(maxBytes) };
    if (!this.#isOverLimit) {
      if (wasOverLimit) log.info(figures, 'memory is below MAX_MEMORY_MB again');
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
      { ...figures, ended },
      'memory is above MAX_MEMORY_MB; closing connections with incomplete messages and rejecting new ones',
    );
  }
}

function megabytesOf(bytes: number): number {
  return Math.round(bytes / bytesPerMegabyte);
}
