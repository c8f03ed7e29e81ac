/**
 * Shared memory for the tensors of a batch: row i of every input and output belongs together. Workers claim rows, write their inputs, and
 * read their outputs there; the engine runs adjacent rows as one batch without copying them. Worker and engine threads.
 *
 *   owners: [0, 3, 7, 0, …] | freed | input a: row 0, row 1, … | input b: … | output: row 0, row 1, …
 */
import { bytesPerValue, type NumericType, type RawTensor, type RawTensors, sizeOf, viewOf } from '../tensor-types.ts';

/** One row of an input or output. */
export interface RowShape {
  readonly name: string;
  readonly type: NumericType;
  /** Without the batch dimension; of an unstacked memory, all dimensions. */
  readonly dims: readonly number[];
}

export interface BatchLayout {
  readonly rows: number;
  /** Largest number of rows in one run. */
  readonly maxBatch: number;
  /** Whether rows are stacked along a batch dimension; else each is a run of its own. */
  readonly isStacked: boolean;
  readonly inputs: readonly RowShape[];
  /** Undefined if their sizes depend on the image. */
  readonly outputs: readonly RowShape[] | undefined;
}

/** Of a cache line, which two tensors should not share. */
const alignment = 64;
const bytesPerField = Int32Array.BYTES_PER_ELEMENT;
/** A row that nobody owns. */
const nobody = 0;
/** Nobody frees the rows of an engine that is lost, so whoever waits for them looks this often whether it is. */
const maxWaitMs = 100;

interface Place {
  readonly shape: RowShape;
  readonly offset: number;
  readonly size: number;
}

export class BatchMemory {
  readonly layout: BatchLayout;
  readonly buffer: SharedArrayBuffer;
  readonly #fields: Int32Array;
  readonly #inputs: readonly Place[];
  readonly #outputs: readonly Place[];

  /** @param buffer memory of the same layout in another thread; by default new memory. */
  constructor(layout: BatchLayout, buffer?: SharedArrayBuffer) {
    this.layout = layout;
    let end = roundUp((layout.rows + 1) * bytesPerField);
    const place = (shape: RowShape): Place => {
      const size = sizeOf(shape.dims);
      const offset = end;
      end = roundUp(offset + layout.rows * size * bytesPerValue(shape.type));
      return { shape, offset, size };
    };
    this.#inputs = layout.inputs.map(place);
    this.#outputs = (layout.outputs ?? []).map(place);
    this.buffer = buffer ?? new SharedArrayBuffer(end);
    this.#fields = new Int32Array(this.buffer, 0, layout.rows + 1);
  }

  /** Claims up to `count` free rows, the lowest first, so that batches are adjacent. @returns them; none if all are in use. */
  claim(count: number, owner: number): number[] {
    const rows: number[] = [];
    for (let row = 0; row < this.layout.rows && rows.length < count; row++) {
      if (Atomics.compareExchange(this.#fields, row, nobody, owner) === nobody) rows.push(row);
    }
    return rows;
  }

  /** As `claim`, waiting until there is at least one. @returns none if `isOver` before. */
  async claimSoon(count: number, owner: number, isOver: () => boolean): Promise<number[]> {
    while (!isOver()) {
      const freed = Atomics.load(this.#fields, this.layout.rows);
      const rows = this.claim(count, owner);
      if (rows.length > 0) return rows;
      const wait = Atomics.waitAsync(this.#fields, this.layout.rows, freed, maxWaitMs);
      if (wait.async) await wait.value;
    }
    return [];
  }

  /** Frees rows if they still belong to their owner. */
  release(rows: readonly number[], owner: number): void {
    for (const row of rows) Atomics.compareExchange(this.#fields, row, owner, nobody);
    Atomics.add(this.#fields, this.layout.rows, 1);
    Atomics.notify(this.#fields, this.layout.rows);
  }

  /** Frees all rows of a worker that has ended. */
  releaseAll(owner: number): void {
    this.release(
      Array.from({ length: this.layout.rows }, (_, row) => row),
      owner,
    );
  }

  /** Inputs of adjacent rows, as a run takes them. */
  inputs(row: number, count: number): RawTensors {
    return this.#tensors(this.#inputs, row, count);
  }

  /** Outputs of adjacent rows; undefined if their sizes are not known. */
  outputs(row: number, count: number): RawTensors | undefined {
    return this.layout.outputs === undefined ? undefined : this.#tensors(this.#outputs, row, count);
  }

  #tensors(places: readonly Place[], row: number, count: number): RawTensors {
    const tensors: Record<string, RawTensor> = {};
    for (const { shape, offset, size } of places) {
      const { name, type, dims } = shape;
      const data = viewOf(type, this.buffer, offset + row * size * bytesPerValue(type), count * size);
      tensors[name] = { type, data, dims: this.layout.isStacked ? [count, ...dims] : dims };
    }
    return tensors;
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}
