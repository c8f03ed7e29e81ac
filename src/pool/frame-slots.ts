/** The shared memory in which frames lie while they are held and while they run. Main thread; workers read it. */

/** A frame's place in the memory. */
export interface FrameSlot {
  /** Bytes from the start of the memory. */
  readonly offset: number;
  readonly byteLength: number;
  /** Gives the place back. Called once, when nothing reads the frame any more. */
  release(): void;
}

/** A range of the memory, in bytes; `size` is rounded up. */
interface Range {
  readonly offset: number;
  readonly size: number;
}

/** Ranges start at multiples of this, so that two frames never share a cache line. */
const alignment = 64;

/**
 * Places frames first fit, so that the memory's low end is used again and again and stays in the caches; pages that no frame
 * ever touched cost address space only.
 */
export class FrameSlots {
  readonly memory: SharedArrayBuffer;
  readonly #bytes: Uint8Array;
  /** Ranges in use, by offset. */
  readonly #used: Range[] = [];
  #usedBytes = 0;

  /** @param capacityBytes of all frames together. */
  constructor(capacityBytes: number) {
    this.memory = new SharedArrayBuffer(roundUp(capacityBytes));
    this.#bytes = new Uint8Array(this.memory);
  }

  /** Bytes of the frames that lie here now, rounded up to whole ranges. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /**
   * Copies a frame, the only copy on its way.
   * @returns its place; `undefined` where there is no room in one piece.
   */
  allocate(frame: Uint8Array): FrameSlot | undefined {
    const size = roundUp(frame.byteLength);
    const place = this.#firstFit(size);
    if (place === undefined) return undefined;
    const range: Range = { offset: place.offset, size };
    this.#used.splice(place.index, 0, range);
    this.#usedBytes += size;
    this.#bytes.set(frame, range.offset);
    return { offset: range.offset, byteLength: frame.byteLength, release: () => this.#release(range) };
  }

  /** The first gap of `size` bytes: its offset, and its index among the ranges in use. */
  #firstFit(size: number): { offset: number; index: number } | undefined {
    let offset = 0;
    for (const [index, range] of this.#used.entries()) {
      if (range.offset - offset >= size) return { offset, index };
      offset = range.offset + range.size;
    }
    return this.#bytes.byteLength - offset >= size ? { offset, index: this.#used.length } : undefined;
  }

  #release(range: Range): void {
    const index = this.#used.indexOf(range);
    if (index === -1) throw new Error('a frame slot was released twice');
    this.#used.splice(index, 1);
    this.#usedBytes -= range.size;
  }
}

function roundUp(bytes: number): number {
  return Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
}
