/** Shared memory for frames while they are held and while they run. Main thread; workers read it. */

/** The location of a frame in the memory. */
export interface FrameSlot {
  /** Byte offset in the memory. */
  readonly offset: number;
  readonly byteLength: number;
  /** Frees the slot. Call once, when nothing reads the frame any more. */
  release(): void;
}

/** A range of the memory, in bytes; `size` is rounded up. */
interface Range {
  readonly offset: number;
  readonly size: number;
}

/** Ranges are aligned, so that two frames never share a cache line. */
const alignment = 64;

/**
 * First-fit allocator: the low end of the memory is reused and stays in the CPU caches. Pages that no frame has touched use only address
 * space.
 */
export class FrameSlots {
  readonly memory: SharedArrayBuffer;
  readonly #bytes: Uint8Array;
  /** Ranges in use, by offset. */
  readonly #used: Range[] = [];
  #usedBytes = 0;

  /** @param capacityBytes total size of all frames. */
  constructor(capacityBytes: number) {
    this.memory = new SharedArrayBuffer(roundUp(capacityBytes));
    this.#bytes = new Uint8Array(this.memory);
  }

  /** Size of the frames stored now, rounded up to whole ranges. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /**
   * Copies a frame into the memory: the only copy on its way.
   * @returns its slot; `undefined` if there is no contiguous room.
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
    if (index === -1) throw new Error('frame slot released twice');
    this.#used.splice(index, 1);
    this.#usedBytes -= range.size;
  }
}

function roundUp(bytes: number): number {
  return Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
}
