/** Runs the rows of one memory on a device, as one batch where that is possible. Engine threads. */
import type { RawTensor, RawTensors } from '../tensor-types.ts';
import { BatchMemory } from './batch-memory.ts';
import type { DeviceModel } from './device.ts';

/** What became of a row. */
export type RowOutcome =
  | { readonly type: 'done'; readonly outputs?: RawTensors }
  | { readonly type: 'failed'; readonly reason: string };

/** What ONNX Runtime's allocators and the drivers say when a device's memory is full. */
const outOfMemory = /out of memory|failed to allocate|OUT_OF_MEMORY|OUT_OF_DEVICE_MEMORY|bad_alloc|alloc failed/i;
/** ONNX Runtime's message when the sizes of the outputs are not those that were provided. */
const wrongOutputSize = /pre-allocated output/i;

export interface RowBatchEvents {
  /** The device's memory was full with this many rows; fewer are used from now on. */
  readonly outOfMemory: (rows: number) => void;
}

export class RowBatch {
  readonly memory: BatchMemory;
  readonly #model: DeviceModel;
  readonly #events: RowBatchEvents;
  /** Where rows that are not adjacent are gathered; created on first use. */
  #gathered: BatchMemory | undefined;
  #maxBatch: number;
  /** Whether outputs are written into the memory; not if their sizes turn out to depend on the image. */
  #isPreallocated = true;
  /** A model with a fixed batch size always runs so many rows. */
  readonly #fixedRows: number | undefined;

  constructor(model: DeviceModel, memory: BatchMemory, fixedRows: number | undefined, events: RowBatchEvents) {
    this.#model = model;
    this.memory = memory;
    this.#fixedRows = fixedRows;
    this.#events = events;
    this.#maxBatch = memory.layout.isStacked ? memory.layout.maxBatch : 1;
  }

  /** Largest number of rows to run at once. */
  get maxBatch(): number {
    return this.#maxBatch;
  }

  /**
   * Runs rows once. A batch that fails is halved, down to the rows that fail alone: one camera's frame must not fail the others, and a
   * batch that does not fit into the device's memory may fit in parts.
   */
  async run(rows: readonly number[]): Promise<RowOutcome[]> {
    // Workers submit in another order than they have claimed: in the order of the memory, fewer batches need a copy.
    const order = rows.map((_, index) => index).sort((a, b) => (rows[a] as number) - (rows[b] as number));
    const sorted = await this.#run(order.map((index) => rows[index] as number));
    const outcomes: RowOutcome[] = [];
    for (const [at, index] of order.entries()) outcomes[index] = sorted[at] as RowOutcome;
    return outcomes;
  }

  async #run(rows: readonly number[]): Promise<RowOutcome[]> {
    if (rows.length > this.#maxBatch)
      return [...(await this.#run(rows.slice(0, this.#maxBatch))), ...(await this.#run(rows.slice(this.#maxBatch)))];
    try {
      return await this.#runOnce(rows);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (rows.length === 1) return [{ type: 'failed', reason }];
      const half = Math.ceil(rows.length / 2);
      // With a fixed batch size, fewer rows need as much memory.
      if (outOfMemory.test(reason) && this.#fixedRows === undefined && half < this.#maxBatch) {
        this.#maxBatch = half;
        this.#events.outOfMemory(rows.length);
      }
      return [...(await this.#run(rows.slice(0, half))), ...(await this.#run(rows.slice(half)))];
    }
  }

  async #runOnce(rows: readonly number[]): Promise<RowOutcome[]> {
    const [first = 0] = rows;
    const isAdjacent = rows.every((row, index) => row === first + index);
    if (isAdjacent && (this.#fixedRows ?? rows.length) === rows.length) {
      return this.#outcomes(await this.#runAdjacent(this.memory, first, rows.length), rows, rows.length);
    }
    return this.#runGathered(rows);
  }

  async #runGathered(rows: readonly number[]): Promise<RowOutcome[]> {
    const { layout } = this.memory;
    this.#gathered ??= new BatchMemory({ ...layout, rows: layout.maxBatch });
    for (const [index, row] of rows.entries()) copyRow(this.memory.inputs(row, 1), this.#gathered.inputs(index, 1));
    const count = this.#fixedRows ?? rows.length;
    const outputs = await this.#runAdjacent(this.#gathered, 0, count);
    if (outputs !== undefined) return this.#outcomes(outputs, rows, count);
    for (const [index, row] of rows.entries())
      copyRow(this.#gathered.outputs(index, 1) ?? {}, this.memory.outputs(row, 1) ?? {});
    return rows.map(() => ({ type: 'done' }));
  }

  /** @param outputs of `count` rows, unless they are in the memory. */
  #outcomes(outputs: RawTensors | undefined, rows: readonly number[], count: number): RowOutcome[] {
    if (outputs === undefined) return rows.map(() => ({ type: 'done' }));
    if (!this.memory.layout.isStacked) return [{ type: 'done', outputs }];
    return rows.map((_, index) => ({ type: 'done', outputs: rowOf(outputs, index, count) }));
  }

  /** @returns the outputs if they are not in the memory. */
  async #runAdjacent(memory: BatchMemory, first: number, count: number): Promise<RawTensors | undefined> {
    const inputs = memory.inputs(first, count);
    const outputs = this.#isPreallocated ? memory.outputs(first, count) : undefined;
    if (outputs === undefined) return this.#model.run(inputs);
    try {
      await this.#model.run(inputs, outputs);
      return undefined;
    } catch (error) {
      if (!(error instanceof Error && wrongOutputSize.test(error.message))) throw error;
      this.#isPreallocated = false;
      return this.#model.run(inputs);
    }
  }
}

function copyRow(from: RawTensors, to: RawTensors): void {
  for (const name in to) (to[name] as RawTensor).data.set((from[name] as RawTensor).data as never);
}

/**
 * A copy of one row, with a batch dimension of 1.
 * @param count rows of every tensor.
 * @throws Error if a tensor has another number of rows.
 */
export function rowOf(tensors: RawTensors, index: number, count: number): RawTensors {
  const rows: Record<string, RawTensor> = {};
  for (const name in tensors) {
    const { type, data, dims } = tensors[name] as RawTensor;
    const [actual, ...rest] = dims;
    if (actual !== count) throw new Error(`output ${name} has ${actual} rows for a batch of ${count}`);
    const size = data.length / count;
    rows[name] = { type, data: data.slice(index * size, (index + 1) * size), dims: [1, ...rest] };
  }
  return rows;
}
