/** The body of one HTTP request, collected up to a limit. Runs on the loop. */

const nothing = new Uint8Array(0);

export class RequestBody {
  readonly #maxBytes: number;
  readonly #declaredBytes: number;
  #collected = nothing;
  #length = 0;
  #isOverfull = false;

  /** @param declaredBytes the request's `Content-Length`; 0 where there is none. It is a hint: what comes is counted. */
  constructor(maxBytes: number, declaredBytes: number) {
    this.#maxBytes = maxBytes;
    this.#declaredBytes = declaredBytes;
  }

  /** More has come, or was announced, than the limit allows; what was collected is gone. */
  get isOverfull(): boolean {
    return this.#isOverfull;
  }

  /**
   * Takes the next piece, valid only during the call.
   * @returns what has come so far; where the first piece is the last, the piece itself, so that a usual frame is not copied here.
   */
  add(piece: Uint8Array, isLast: boolean): Uint8Array {
    const length = this.#length + piece.length;
    if (length > this.#maxBytes || this.#declaredBytes > this.#maxBytes) {
      this.#isOverfull = true;
      this.#collected = nothing;
      return nothing;
    }
    if (isLast && this.#length === 0) return piece;
    this.#reserve(length);
    this.#collected.set(piece, this.#length);
    this.#length = length;
    return this.#collected.subarray(0, length);
  }

  /** Doubles, from what was announced: a peer that announces much and sends little costs address space, not memory. */
  #reserve(length: number): void {
    if (this.#collected.length >= length) return;
    const size = Math.min(this.#maxBytes, Math.max(length, this.#declaredBytes, 2 * this.#collected.length));
    const larger = new Uint8Array(size);
    larger.set(this.#collected.subarray(0, this.#length));
    this.#collected = larger;
  }
}
