/** Events of results that were dropped because the client does not read: they go out with its next result. Main thread. */

/** Total length of the events that a session keeps. */
export const maxUnsentLength = 65_536;

/** Events as JSON texts, oldest first. */
export interface EventList {
  readonly texts: readonly string[];
  /** Older ones that could not be kept. */
  readonly lost: number;
}

export class UnsentEvents {
  #texts: string[] = [];
  #length = 0;
  #lost = 0;

  /** Keeps events that were not sent. If they are too many, the oldest are lost. */
  keep({ texts, lost }: EventList): void {
    this.#lost += lost;
    this.#texts.push(...texts);
    for (const { length } of texts) this.#length += length;
    let removed = 0;
    for (; this.#length > maxUnsentLength; removed++) this.#length -= this.#texts[removed]?.length ?? 0;
    this.#texts.splice(0, removed);
    this.#lost += removed;
  }

  /** All events to send with a result: those kept, and its own. They count as sent unless they are kept again. */
  take(own: readonly string[]): EventList {
    const list = { texts: [...this.#texts, ...own], lost: this.#lost };
    this.#texts = [];
    this.#length = 0;
    this.#lost = 0;
    return list;
  }
}
