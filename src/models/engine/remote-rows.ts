/** A worker's view of the memory of one model and shape in one engine: claims rows, fills them, and reads their outputs. Worker threads. */
import type { Outputs, Tensor } from '../model.ts';
import { type RawTensor, type RawTensors, sizeOf, toFloat32 } from '../tensor-types.ts';
import { BatchMemory } from './batch-memory.ts';
import type { EngineConnection } from './engine-connection.ts';
import type { SharedMemory } from './messages.ts';

/** Rows that a worker has claimed, and may write. */
export interface ClaimedRows {
  readonly memory: RemoteRows;
  readonly rows: readonly number[];
  /** The input that was claimed for, as one tensor over all rows. */
  readonly name: string;
  readonly tensor: RawTensor;
}

export class RemoteRows {
  readonly #connection: EngineConnection;
  readonly #number: number;
  readonly #memory: BatchMemory;
  /** Values of one row, by input. */
  readonly #sizes: ReadonlyMap<string, number>;

  constructor(connection: EngineConnection, { memory, buffer, layout }: SharedMemory) {
    this.#connection = connection;
    this.#number = memory;
    this.#memory = new BatchMemory(layout, buffer);
    this.#sizes = new Map(layout.inputs.map(({ name, dims }) => [name, sizeOf(dims)]));
  }

  /** Claims adjacent rows for an input of these dimensions. @returns them; undefined if there are not enough. */
  claim(name: string, dims: readonly number[]): ClaimedRows | undefined {
    const count = sizeOf(dims) / (this.#sizes.get(name) ?? 1);
    if (count > this.#memory.layout.maxBatch) return undefined;
    const rows = this.#memory.claim(count, this.#connection.owner);
    const [first = 0] = rows;
    const isAdjacent = rows.length === count && rows[count - 1] === first + count - 1;
    const tensor = isAdjacent ? this.#memory.inputs(first, count)[name] : undefined;
    if (tensor !== undefined) return { memory: this, rows, name, tensor };
    this.release(rows);
    return undefined;
  }

  /** Whether claimed rows hold one of these inputs, and can hold the others. */
  fits(inputs: RawTensors, { name, rows, tensor }: ClaimedRows): boolean {
    if (inputs[name]?.data !== tensor.data) return false;
    return [...this.#sizes].every(([input, size]) => inputs[input]?.data.length === size * rows.length);
  }

  release(rows: readonly number[]): void {
    if (rows.length > 0) this.#memory.release(rows, this.#connection.owner);
  }

  /**
   * Runs the model on one or several rows.
   * @param claimed rows that hold one of the inputs already.
   * @throws EngineLostError, or Error with the reason of the device.
   */
  async run(inputs: RawTensors, claimed: ClaimedRows | undefined): Promise<Outputs> {
    const count = this.#countOf(inputs);
    const results: Record<string, Tensor> = {};
    for (let done = 0; done < count; ) {
      const wanted = Math.min(count - done, this.#memory.layout.maxBatch);
      const rows = claimed?.rows ?? (await this.#memory.claimSoon(wanted, this.#connection.owner));
      try {
        this.#write(inputs, done, rows, claimed?.name);
        const { outputs } = await this.#connection.request({ type: 'run', memory: this.#number, rows });
        if (outputs !== undefined) addRows(results, { from: done, rows: rows.length, count }, outputs);
        else this.#read(results, done, rows, count);
      } finally {
        this.release(rows);
      }
      done += rows.length;
    }
    return results;
  }

  #countOf(inputs: RawTensors): number {
    const [[name, size] = ['', 1]] = this.#sizes;
    const tensor = inputs[name];
    if (tensor === undefined) throw new Error(`input ${name} is missing`);
    return tensor.data.length / size;
  }

  /** @param written name of the input that is in the rows already. */
  #write(inputs: RawTensors, from: number, rows: readonly number[], written: string | undefined): void {
    for (const [index, row] of rows.entries()) {
      const places = this.#memory.inputs(row, 1);
      for (const [name, size] of this.#sizes) {
        if (name === written) continue;
        const { data } = inputs[name] as RawTensor;
        const start = (from + index) * size;
        (places[name] as RawTensor).data.set(
          (data.length === size ? data : data.subarray(start, start + size)) as never,
        );
      }
    }
  }

  #read(results: Record<string, Tensor>, from: number, rows: readonly number[], count: number): void {
    for (const [index, row] of rows.entries())
      addRows(results, { from: from + index, rows: 1, count }, this.#memory.outputs(row, 1) ?? {});
  }
}

/** Copies rows into the results, as float32: their memory is about to be reused. @param part which rows of how many. */
function addRows(
  results: Record<string, Tensor>,
  { from, rows, count }: { readonly from: number; readonly rows: number; readonly count: number },
  outputs: RawTensors,
): void {
  for (const name in outputs) {
    const { type, data, dims } = outputs[name] as RawTensor;
    const values = toFloat32(type, data);
    if (rows === count) {
      results[name] = { data: values === data ? values.slice() : values, dims };
      continue;
    }
    const [first = 1, ...rest] = dims;
    const whole = [(first * count) / rows, ...rest];
    const tensor = results[name] ?? { data: new Float32Array(sizeOf(whole)), dims: whole };
    results[name] = tensor;
    tensor.data.set(values, (from * data.length) / rows);
  }
}
