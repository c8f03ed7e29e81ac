/** The body of one HTTP request, collected up to a limit. Runs on the loop. */

/** Where the bytes are counted that bodies take; `take` says no where there is no room for them. */
export interface ByteBudget {
  take(bytes: number): boolean;
  release(bytes: number): void;
}

export type BodyState = 'open' | 'too_large' | 'no_room';

const nothing = new Uint8Array(0);

export class RequestBody {
  readonly #maxBytes: number;
  readonly #budget: ByteBudget;
  #memory = new ArrayBuffer(0);
  #length = 0;
  #state: BodyState = 'open';

  constructor(maxBytes: number, budget: ByteBudget) {
    this.#maxBytes = maxBytes;
    this.#budget = budget;
  }

  /** `too_large` and `no_room` are for good; what was collected is gone. */
  get state(): BodyState {
    return this.#state;
  }

  /**
   * Takes the next piece, valid only during the call.
   * @returns what has come so far, valid until the next call of this body; where the first piece is the last, the piece itself, so
   * that a usual frame is not copied here.
   */
  add(piece: Uint8Array, isLast: boolean): Uint8Array {
    const length = this.#length + piece.length;
    if (length > this.#maxBytes) return this.#refuse('too_large');
    if (isLast && this.#length === 0) return piece;
    if (!this.#reserve(length)) return this.#refuse('no_room');
    const bytes = new Uint8Array(this.#memory, 0, length);
    bytes.set(piece, this.#length);
    this.#length = length;
    return bytes;
  }

  /** Gives the memory back, at once: left to the garbage collector, it would stay for minutes. */
  release(): void {
    this.#budget.release(this.#memory.byteLength);
    this.#memory.transfer(0);
    this.#memory = new ArrayBuffer(0);
    this.#length = 0;
  }

  #refuse(state: BodyState): Uint8Array {
    this.#state = state;
    this.release();
    return nothing;
  }

  /** Doubles. What was announced counts for nothing here: a peer that sends little takes little. */
  #reserve(length: number): boolean {
    const before = this.#memory.byteLength;
    if (before >= length) return true;
    const size = Math.min(this.#maxBytes, Math.max(length, 2 * before));
    if (!this.#budget.take(size - before)) return false;
    this.#memory = this.#memory.transfer(size);
    return true;
  }
}
