/** A worker's view of the memory of one model and shape in one engine: claims rows, fills them, and reads their outputs. Worker threads. */
import type { Outputs, Tensor } from '../model.ts';
import { type RawTensor, type RawTensors, sizeOf, toFloat32, viewOf } from '../tensor-types.ts';
import { BatchMemory } from './batch-memory.ts';
import type { EngineConnection } from './engine-connection.ts';
import { EngineLostError } from './engine-lost.ts';
import type { SharedMemory } from './messages.ts';

/** Rows that a worker has claimed, and may write until it releases them. */
export class ClaimedRows {
  readonly memory: RemoteRows;
  readonly rows: readonly number[];
  /** The input that was claimed for, as one tensor over all rows. */
  readonly name: string;
  readonly tensor: RawTensor;
  #isReleased = false;

  constructor(memory: RemoteRows, rows: readonly number[], name: string, tensor: RawTensor) {
    this.memory = memory;
    this.rows = rows;
    this.name = name;
    this.tensor = tensor;
  }

  /** Frees the rows, once: they may be claimed again under the same owner, for another tool of this worker. */
  release(): void {
    if (!this.#isReleased) this.memory.release(this.rows);
    this.#isReleased = true;
  }
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

  /** Largest batch; 1 if rows run one at a time. */
  get maxBatch(): number {
    return this.#memory.layout.maxBatch;
  }

  /** Claims adjacent rows for an input of these dimensions. @returns them; undefined if there are not enough. */
  claim(name: string, dims: readonly number[]): ClaimedRows | undefined {
    const count = sizeOf(dims) / (this.#sizes.get(name) ?? 1);
    if (count > this.#memory.layout.maxBatch) return undefined;
    const rows = this.#memory.claim(count, this.#connection.owner);
    const [first = 0] = rows;
    const isAdjacent = rows.length === count && rows[count - 1] === first + count - 1;
    const tensor = isAdjacent ? this.#memory.inputs(first, count)[name] : undefined;
    if (tensor !== undefined) return new ClaimedRows(this, rows, name, tensor);
    this.release(rows);
    return undefined;
  }

  /** Whether claimed rows hold one of these inputs, and can hold the others. */
  fits(inputs: RawTensors, { name, rows, tensor }: ClaimedRows): boolean {
    if (inputs[name]?.data !== tensor.data) return false;
    const places = this.#memory.inputs(rows[0] ?? 0, rows.length);
    return Object.entries(places).every(([input, { type, dims }]) => {
      const given = inputs[input];
      return given?.type === type && given.dims.join() === dims.join();
    });
  }

  release(rows: readonly number[]): void {
    if (rows.length > 0) this.#memory.release(rows, this.#connection.owner);
  }

  /** Inputs of one row, such as an engine asks for before it provides memory. The largest is black: an image may be what ended an engine. */
  sample(): RawTensors {
    const largest = Math.max(...this.#sizes.values());
    const sample = Object.entries(this.#memory.inputs(0, 1)).map(([name, tensor]) => {
      const { length, byteLength } = tensor.data;
      const data =
        length === largest ? viewOf(tensor.type, new ArrayBuffer(byteLength), 0, length) : tensor.data.slice();
      return [name, { ...tensor, data }];
    });
    return Object.fromEntries(sample);
  }

  /**
   * Runs the model on one or several rows.
   * @throws TypeError when the inputs have different numbers of rows, or other types than earlier ones. Else as `EngineConnection.request`.
   */
  async run(inputs: RawTensors): Promise<Outputs> {
    const count = this.#countOf(inputs);
    const results: Record<string, Tensor> = {};
    for (let done = 0; done < count; ) {
      const wanted = Math.min(count - done, this.#memory.layout.maxBatch);
      const rows = await this.#memory.claimSoon(wanted, this.#connection.owner, () => this.#connection.isLost);
      if (rows.length === 0) throw new EngineLostError(false);
      try {
        this.#write(inputs, done, rows, undefined);
        await this.#submit(results, { from: done, rows, count });
      } finally {
        this.release(rows);
      }
      done += rows.length;
    }
    return results;
  }

  /** As `run`, on rows that hold one of the inputs already. They stay claimed. @param claimed must fit. */
  async runClaimed(inputs: RawTensors, { rows, name }: ClaimedRows): Promise<Outputs> {
    const results: Record<string, Tensor> = {};
    this.#write(inputs, 0, rows, name);
    await this.#submit(results, { from: 0, rows, count: rows.length });
    return results;
  }

  async #submit(results: Record<string, Tensor>, part: { from: number; rows: readonly number[]; count: number }) {
    const { from, rows, count } = part;
    const { outputs } = await this.#connection.request({ type: 'run', memory: this.#number, rows });
    if (outputs !== undefined) addRows(results, { from, rows: rows.length, count }, outputs);
    else this.#read(results, from, rows, count);
  }

  /** Stale values of another frame would fill what an input lacks. */
  #countOf(inputs: RawTensors): number {
    for (const { name, type } of this.#memory.layout.inputs) {
      const given = inputs[name]?.type;
      if (given !== type) throw new TypeError(`input ${name} is ${given}; earlier ones were ${type}`);
    }
    const counts = new Set([...this.#sizes].map(([name, size]) => (inputs[name]?.data.length ?? 0) / size));
    const [count] = counts;
    if (counts.size !== 1 || !Number.isInteger(count))
      throw new TypeError(`the inputs have different numbers of rows: ${[...counts].join(', ')}`);
    return count as number;
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
