/** What a session remembers from one frame to the next: the state of its tools, which is never parsed here, and times. Main thread. */
import type { FrameMoment } from '../session-state.ts';

/** What the pool asks for when a frame starts, and tells when it has its result. */
export interface FrameMemory {
  /** @param arrivedMs monotonic time of the frame's arrival. */
  momentOf(arrivedMs: number): FrameMoment;
  /** @param state for the session's next frame; undefined if its pipeline has none. */
  processed(arrivedMs: number, state: string | undefined): void;
}

export class SessionMemory implements FrameMemory {
  readonly #openedMs: number;
  readonly #openedUnixMs: number;
  #state = '';
  #processedMs: number | undefined;

  /** Monotonic time and Unix time of the session's opening. */
  constructor(openedMs: number, openedUnixMs: number) {
    this.#openedMs = openedMs;
    this.#openedUnixMs = openedUnixMs;
  }

  /** Length of the state as text; 0 without one. */
  get stateLength(): number {
    return this.#state.length;
  }

  momentOf(arrivedMs: number): FrameMoment {
    const sessionMs = roundToTenths(arrivedMs - this.#openedMs);
    const elapsedMs = this.#processedMs === undefined ? undefined : roundToTenths(arrivedMs - this.#processedMs);
    return { state: this.#state, clock: { sessionMs, elapsedMs, unixMs: Math.round(this.#openedUnixMs + sessionMs) } };
  }

  /** Frames may end in another order only around a reload that makes their pipeline sequential: the newest one counts then. */
  processed(arrivedMs: number, state: string | undefined): void {
    if (this.#processedMs !== undefined && arrivedMs < this.#processedMs) return;
    this.#processedMs = arrivedMs;
    if (state !== undefined) this.#state = state;
  }
}

/** The memory of a frame whose moment is known, and of which nothing is remembered here. */
export function fixedMemory(moment: FrameMoment): FrameMemory {
  return { momentOf: () => moment, processed: () => undefined };
}

function roundToTenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
