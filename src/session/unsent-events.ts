/** Events of results that were dropped because the client does not read: they go out with its next result. Main thread. */

import { detached } from '../detached-text.ts';

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
    this.#texts.push(...texts.map(detached));
    for (const { length } of texts) this.#length += length;
    let removed = 0;
    for (; this.#length > maxUnsentLength; removed++) this.#length -= this.#texts[removed]?.length ?? 0;
    this.#texts.splice(0, removed);
    this.#lost += removed;
  }

  /**
   * All events to send with a result: those kept, and its own. They count as sent unless they are kept again.
   * @param own undefined for a result of a pipeline that reports none, or of a tool that reports them only if there are any.
   * @returns undefined if there is nothing to report.
   */
  take(own: readonly string[]): EventList;
  take(own: readonly string[] | undefined): EventList | undefined;
  take(own: readonly string[] | undefined): EventList | undefined {
    if (own === undefined && this.#texts.length === 0 && this.#lost === 0) return undefined;
    const list = { texts: [...this.#texts, ...(own ?? [])], lost: this.#lost };
    this.#texts = [];
    this.#length = 0;
    this.#lost = 0;
    return list;
  }
}
