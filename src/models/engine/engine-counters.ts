/** What an engine counts, in memory that the main thread and the workers read. Any thread. */

/** Int32 fields, changed atomically. */
const loadField = 0;
const startedField = 1;
const endedField = 2;
const integerFields = 4;
/** Float64 fields, written by the engine only. */
const rowsField = 0;
const batchesField = 1;
const busyField = 2;
const numberFields = 3;

const integerBytes = integerFields * Int32Array.BYTES_PER_ELEMENT;

/** Totals since the engine started. */
export interface EngineTotals {
  readonly rows: number;
  readonly batches: number;
  readonly busyMs: number;
}

export class EngineCounters {
  readonly memory: SharedArrayBuffer;
  readonly #integers: Int32Array;
  readonly #numbers: Float64Array;
  #beganMs = 0;

  /** @param memory of the counters of another thread; by default new ones. */
  constructor(memory = new SharedArrayBuffer(integerBytes + numberFields * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#integers = new Int32Array(memory, 0, integerFields);
    this.#numbers = new Float64Array(memory, integerBytes, numberFields);
  }

  /** Rows that were submitted and not answered yet. */
  get load(): number {
    return Atomics.load(this.#integers, loadField);
  }

  /** Number of the run that lasts, or 0 if none does. */
  get currentRun(): number {
    const started = Atomics.load(this.#integers, startedField);
    return started === Atomics.load(this.#integers, endedField) ? 0 : started;
  }

  get totals(): EngineTotals {
    const [rows = 0, batches = 0, busyMs = 0] = this.#numbers;
    return { rows, batches, busyMs };
  }

  /** Called by a worker before it submits rows. */
  submitted(rows: number): void {
    Atomics.add(this.#integers, loadField, rows);
  }

  /** Called by the engine when it answers. */
  answered(rows: number): void {
    Atomics.sub(this.#integers, loadField, rows);
  }

  /** A run begins. */
  begin(): void {
    this.#beganMs = performance.now();
    Atomics.add(this.#integers, startedField, 1);
  }

  /** The run has ended. */
  end(rows: number): void {
    Atomics.store(this.#integers, endedField, Atomics.load(this.#integers, startedField));
    this.#add(rowsField, rows);
    this.#add(batchesField, 1);
    this.#add(busyField, performance.now() - this.#beganMs);
  }

  #add(field: number, amount: number): void {
    this.#numbers[field] = (this.#numbers[field] as number) + amount;
  }
}
