/** Simulated time: what happens next, in order. */
import { type HeapItem, IndexedHeap } from '../../src/pool/indexed-heap.ts';

interface Entry extends HeapItem {
  readonly run: () => void;
}

export class Agenda {
  readonly #entries = new IndexedHeap<Entry>();
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  at(atMs: number, run: () => void): void {
    this.#entries.add({ key: atMs, index: -1, run });
  }

  /** Runs everything, including what is added meanwhile. */
  run(): void {
    for (let { first } = this.#entries; first !== undefined; first = this.#entries.first) {
      this.#entries.remove(first);
      this.#nowMs = first.key;
      first.run();
    }
  }
}
