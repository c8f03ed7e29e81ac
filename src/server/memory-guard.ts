/** Keeps the process below its memory ceiling by giving up messages that do not come to their end. Runs on the loop. */
import type { Log } from '../observe/log.ts';

export interface MemoryGuardParts {
  /** The ceiling. */
  readonly maxBytes: number;
  /** What one unfinished message may hold. */
  readonly bytesPerSocket: number;
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
  #isShort = false;

  constructor(parts: MemoryGuardParts) {
    this.#parts = parts;
  }

  /** Whether there was more than the ceiling at the last look: nothing new should be let in. */
  get isShort(): boolean {
    return this.#isShort;
  }

  /** Looks at the memory, and acts. Called about ten times a second. */
  check(nowMs: number): void {
    const { maxBytes, bytesPerSocket, residentBytes, closeSockets, log } = this.#parts;
    const bytes = residentBytes();
    const wasShort = this.#isShort;
    this.#isShort = bytes > maxBytes;
    const figures = { residentMB: megabytesOf(bytes), maxMB: megabytesOf(maxBytes) };
    if (!this.#isShort) {
      if (wasShort) log.info(figures, 'memory is below MAX_MEMORY_MB again');
      this.#pauseMs = minPauseMs;
      this.#lastBytes = Number.POSITIVE_INFINITY;
      return;
    }
    if (nowMs < this.#nextMs) return;
    const ended = closeSockets(Math.ceil((bytes - maxBytes) / bytesPerSocket));
    this.#pauseMs = bytes < this.#lastBytes ? minPauseMs : Math.min(maxPauseMs, 2 * this.#pauseMs);
    this.#lastBytes = bytes;
    this.#nextMs = nowMs + this.#pauseMs;
    log.warn(
      { ...figures, ended },
      'more memory than MAX_MEMORY_MB: unfinished messages are given up, nobody is let in',
    );
  }
}

function megabytesOf(bytes: number): number {
  return Math.round(bytes / bytesPerMegabyte);
}
