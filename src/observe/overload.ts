/** Detects overload: a sizable part of all frames is dropped for want of workers. Time is an argument. Main thread. */
import type { DropReason } from '../status.ts';

/** Reasons that more or faster workers would avoid. */
const capacityReasons: ReadonlySet<DropReason> = new Set(['busy', 'displaced', 'expired', 'memory_full']);

/** Seconds over which frames are counted: longer than a burst of aligned cameras. */
const windowSeconds = 10;
/** Overload starts at this share, and ends below the lower one. The first is also the default of STREAM_SLOWDOWN_THRESHOLD. */
const startShare = 0.3;
const endShare = 0.1;
/** With fewer frames in the window, a share means nothing. */
const minFrames = 20;

const msPerSecond = 1000;

interface Second {
  readonly second: number;
  frames: number;
  dropped: number;
}

/** What changed, with the figures of the window. */
export interface OverloadChange {
  readonly type: 'start' | 'end';
  readonly frames: number;
  readonly dropped: number;
  /** Dropped ÷ all frames. */
  readonly share: number;
  /** How long the overload lasted; 0 at its start. */
  readonly durationMs: number;
}

export class Overload {
  readonly #seconds: Second[] = [];
  #sinceMs: number | undefined;

  /** Counts a frame that has ended; `reason` if it was dropped. */
  record(reason: DropReason | undefined, nowMs: number): void {
    const second = Math.floor(nowMs / msPerSecond);
    let current = this.#seconds.at(-1);
    if (current?.second !== second) {
      current = { second, frames: 0, dropped: 0 };
      this.#seconds.push(current);
      this.#removeExpired(second);
    }
    current.frames += 1;
    if (reason !== undefined && capacityReasons.has(reason)) current.dropped += 1;
  }

  /** @returns a change since the last check. Call about once a second. */
  check(nowMs: number): OverloadChange | undefined {
    this.#removeExpired(Math.floor(nowMs / msPerSecond));
    const frames = this.#seconds.reduce((sum, each) => sum + each.frames, 0);
    const dropped = this.#seconds.reduce((sum, each) => sum + each.dropped, 0);
    const share = frames === 0 ? 0 : dropped / frames;
    if (this.#sinceMs === undefined) {
      if (frames < minFrames || share < startShare) return undefined;
      this.#sinceMs = nowMs;
      return { type: 'start', frames, dropped, share, durationMs: 0 };
    }
    if (share >= endShare) return undefined;
    const durationMs = nowMs - this.#sinceMs;
    this.#sinceMs = undefined;
    return { type: 'end', frames, dropped, share, durationMs };
  }

  #removeExpired(second: number): void {
    while (this.#seconds[0] !== undefined && this.#seconds[0].second <= second - windowSeconds) this.#seconds.shift();
  }
}
