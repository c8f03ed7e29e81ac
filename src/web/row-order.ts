/** The order of rows: sorted again only every few seconds, and never under the pointer or the focus. Time is an argument. */
import { type Row, type Sorting, sorted } from './camera-rows.ts';

/** Problems come up at the top soon enough, and rows stay where they were read. */
const sortIntervalMs = 5000;

export class RowOrder {
  #rows: readonly Row[] = [];
  #sortedAtMs = Number.NEGATIVE_INFINITY;
  #sorting: Sorting = { by: 'problem', isDescending: true };

  get sorting(): Sorting {
    return this.#sorting;
  }

  /** Sorts by another column at once. */
  sortBy(sorting: Sorting): void {
    this.#sorting = sorting;
    this.sortSoon();
  }

  /** Sorts with the next rows, unless they are held. */
  sortSoon(): void {
    this.#sortedAtMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Puts rows in order. Between two sorts each keeps its place, and new ones come last.
   * @param isHeld whether the pointer or the focus is on a row: all rows then stay, even those that are no longer there.
   */
  arrange(rows: readonly Row[], nowMs: number, isHeld: boolean): readonly Row[] {
    if (!isHeld && nowMs - this.#sortedAtMs >= sortIntervalMs) {
      this.#sortedAtMs = nowMs;
      this.#rows = sorted(rows, this.#sorting);
      return this.#rows;
    }
    const byKey = new Map(rows.map((row) => [row.key, row]));
    const kept = this.#rows.flatMap((row) => byKey.get(row.key) ?? (isHeld ? [row] : []));
    const known = new Set(kept.map(({ key }) => key));
    this.#rows = [...kept, ...rows.filter(({ key }) => !known.has(key))];
    return this.#rows;
  }
}
