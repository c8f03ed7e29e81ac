/** A binary heap whose items can be moved and removed: the least key is found at once, everything else takes O(log n). Pure. */

/** An item knows its place in the heap. It can be in one heap at a time. */
export interface HeapItem {
  /** Changed only by the heap while the item is in it. */
  key: number;
  /** Where the heap has it; −1 if it is in none. */
  index: number;
}

export class IndexedHeap<Item extends HeapItem> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** An item with the least key; undefined if the heap is empty. */
  get first(): Item | undefined {
    return this.#items[0];
  }

  /** All items, in no particular order. */
  get all(): readonly Item[] {
    return this.#items;
  }

  /** Adds an item that is in no heap. */
  add(item: Item): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** Removes an item of this heap; has no effect if it was removed before. */
  remove(item: Item): void {
    const { index } = item;
    if (index < 0) return;
    item.index = -1;
    const last = this.#items.pop() as Item;
    if (last !== item) this.#place(last, index);
  }

  /** Changes the key of an item of this heap. */
  rekey(item: Item, key: number): void {
    item.key = key;
    this.#place(item, item.index);
  }

  /** Puts an item at a free index, then where its key belongs. */
  #place(item: Item, index: number): void {
    if (this.#rise(item, index) === index) this.#sink(item, index);
  }

  /** @returns the index where the item stays. */
  #rise(item: Item, from: number): number {
    const items = this.#items;
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = items[parentIndex] as Item;
      if (parent.key <= item.key) break;
      items[index] = parent;
      parent.index = index;
      index = parentIndex;
    }
    items[index] = item;
    item.index = index;
    return index;
  }

  #sink(item: Item, from: number): void {
    const items = this.#items;
    const { length } = items;
    let index = from;
    for (let child = 2 * index + 1; child < length; child = 2 * index + 1) {
      if (child + 1 < length && (items[child + 1] as Item).key < (items[child] as Item).key) child += 1;
      const lesser = items[child] as Item;
      if (lesser.key >= item.key) break;
      items[index] = lesser;
      lesser.index = index;
      index = child;
    }
    items[index] = item;
    item.index = index;
  }
}
