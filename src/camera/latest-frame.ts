/** Holds a source's latest frame and no other, and never returns a stale one. Main thread. */
import type { CapturedFrame } from './captured-frame.ts';

/** A frame that waited longer for the gateway is not sent: no frame is better than an outdated one. */
export const maxFrameAgeMs = 1000;

export class LatestFrame {
  readonly #release: (frame: CapturedFrame) => void;
  #frame: CapturedFrame | undefined;
  #discardedAtMs = Number.NEGATIVE_INFINITY;
  #wake: (() => void) | undefined;
  #isOver = false;

  /** `release` gets each frame that will not be taken. */
  constructor(release: (frame: CapturedFrame) => void) {
    this.#release = release;
  }

  get isEmpty(): boolean {
    return this.#frame === undefined;
  }

  put(frame: CapturedFrame): void {
    this.#discard();
    this.#frame = frame;
    this.#wake?.();
  }

  /** The source was interrupted: frames captured until now must not be sent any more. */
  discardCaptured(nowMs: number): void {
    this.#discardedAtMs = nowMs;
    this.#discard();
  }

  /** Settles when there is a frame to take. @returns false when there will be no more. */
  async available(): Promise<boolean> {
    while (this.#frame === undefined && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#frame !== undefined;
  }

  /** Returns the latest frame unless it is stale. The caller owns it from then on. */
  take(nowMs: number): CapturedFrame | undefined {
    const frame = this.#frame;
    this.#frame = undefined;
    if (frame === undefined || this.isFresh(frame, nowMs)) return frame;
    this.#release(frame);
    return undefined;
  }

  /** Whether a frame may still be sent: the source was not interrupted after it, and it is not too old. */
  isFresh(frame: CapturedFrame, nowMs: number): boolean {
    return frame.atMs > this.#discardedAtMs && nowMs - frame.atMs <= maxFrameAgeMs;
  }

  /** No more frames will arrive; the one it holds can still be taken. */
  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  #discard(): void {
    if (this.#frame !== undefined) this.#release(this.#frame);
    this.#frame = undefined;
  }
}
