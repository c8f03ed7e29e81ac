/** Collects the body of one HTTP request up to a limit. Runs on the loop. */

/** Shared budget for bytes of bodies; `take` returns false if there is no room. */
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

  /** `too_large` and `no_room` are final; collected bytes are discarded. */
  get state(): BodyState {
    return this.#state;
  }

  /**
   * Adds the next chunk, which is valid only during the call.
   * @returns the body so far, valid until the next call. If the first chunk is the last, it is returned itself, so that a typical frame
   * is not copied here.
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

  /** Frees the memory immediately: the garbage collector might take minutes. */
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

  /** Grows by doubling. Content-Length is ignored, so that memory use follows what the peer actually sends. */
  #reserve(length: number): boolean {
    const before = this.#memory.byteLength;
    if (before >= length) return true;
    const size = Math.min(this.#maxBytes, Math.max(length, 2 * before));
    if (!this.#budget.take(size - before)) return false;
    this.#memory = this.#memory.transfer(size);
    return true;
  }
}
