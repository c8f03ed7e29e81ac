/** Puts the outcomes of a session's frames into index order. Stores only frames that are held or in flight. Main thread. */
import type { DroppedOutcome, FrameOutcome } from '../pool/messages.ts';

export type FinishedOutcome = Exclude<FrameOutcome, DroppedOutcome>;

export class ReplyOrder {
  /** Frames without a reply, in index order, each with its outcome once it is known. */
  readonly #pending = new Map<number, FinishedOutcome | undefined>();

  /** Registers a frame; indices must increase. */
  expect(frameIndex: number): void {
    this.#pending.set(frameIndex, undefined);
  }

  /** Removes a dropped frame, so that later ones do not wait for it. @returns what can be sent now, in index order. */
  drop(frameIndex: number): [frameIndex: number, outcome: FinishedOutcome][] {
    this.#pending.delete(frameIndex);
    return this.#takeReady();
  }

  /** Stores an outcome. @returns what can be sent now, in index order. */
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
