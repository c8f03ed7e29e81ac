/** Puts the outcomes of a session's frames into index order. It keeps no more than what is held or in flight. Main thread. */
import type { DroppedOutcome, FrameOutcome } from '../pool/messages.ts';

export type FinishedOutcome = Exclude<FrameOutcome, DroppedOutcome>;

export class ReplyOrder {
  /** Frames without an answer in the order of their indices; the outcome is there once it has come. */
  readonly #pending = new Map<number, FinishedOutcome | undefined>();

  /** Announces a frame; indices must rise. */
  expect(frameIndex: number): void {
    this.#pending.set(frameIndex, undefined);
  }

  /** Notes that a frame was dropped: nothing needs to wait for it. @returns what can be sent now, in index order. */
  drop(frameIndex: number): [frameIndex: number, outcome: FinishedOutcome][] {
    this.#pending.delete(frameIndex);
    return this.#takeReady();
  }

  /** Notes an outcome. @returns what can be sent now, in index order. */
  finish(frameIndex: number, outcome: FinishedOutcome): [frameIndex: number, outcome: FinishedOutcome][] {
    this.#pending.set(frameIndex, outcome);
    return this.#takeReady();
  }

  #takeReady(): [number, FinishedOutcome][] {
    const ready: [number, FinishedOutcome][] = [];
    for (const [index, outcome] of this.#pending) {
      if (outcome === undefined) break;
      this.#pending.delete(index);
      ready.push([index, outcome]);
    }
    return ready;
  }
}
