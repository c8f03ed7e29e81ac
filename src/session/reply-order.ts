/** Puts the outcomes of a session's frames into index order. At most as many wait as are in flight. Main thread. */

export class ReplyOrder<Outcome> {
  /** Frames in flight in the order of their indices; the outcome is there once it has come. */
  readonly #pending = new Map<number, Outcome | undefined>();

  get inFlight(): number {
    return this.#pending.size;
  }

  /** Announces a frame that was taken; indices must rise. */
  expect(frameIndex: number): void {
    this.#pending.set(frameIndex, undefined);
  }

  /** Notes an outcome. @returns what can be sent now, in index order. */
  settle(frameIndex: number, outcome: Outcome): [frameIndex: number, outcome: Outcome][] {
    this.#pending.set(frameIndex, outcome);
    const ready: [number, Outcome][] = [];
    for (const [index, settled] of this.#pending) {
      if (settled === undefined) break;
      this.#pending.delete(index);
      ready.push([index, settled]);
    }
    return ready;
  }
}
