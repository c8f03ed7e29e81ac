/** Puts the replies of a session's frames into index order. Stores only frames that are held or in flight. Main thread. */

export class ReplyOrder<Reply> {
  /** Frames without a reply, in index order, each with its reply once it is known. */
  readonly #pending = new Map<number, Reply | undefined>();

  /** Whether every frame has its reply. */
  get isEmpty(): boolean {
    return this.#pending.size === 0;
  }

  /** Registers a frame; indices must increase. */
  expect(frameIndex: number): void {
    this.#pending.set(frameIndex, undefined);
  }

  /** Removes a dropped frame, so that later ones do not wait for it. @returns what can be sent now, in index order. */
  drop(frameIndex: number): Reply[] {
    this.#pending.delete(frameIndex);
    return this.#takeReady();
  }

  /** Stores a reply. @returns what can be sent now, in index order. */
  finish(frameIndex: number, reply: Reply): Reply[] {
    this.#pending.set(frameIndex, reply);
    return this.#takeReady();
  }

  /** Removes everything. @returns the replies that waited for earlier frames and are not sent any more. */
  clear(): Reply[] {
    const waiting = [...this.#pending.values()].filter((reply) => reply !== undefined);
    this.#pending.clear();
    return waiting;
  }

  #takeReady(): Reply[] {
    const ready: Reply[] = [];
    for (const [index, reply] of this.#pending) {
      if (reply === undefined) break;
      this.#pending.delete(index);
      ready.push(reply);
    }
    return ready;
  }
}
