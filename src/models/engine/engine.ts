/**
 * The loop of one device. It does one thing at a time: sessions are created one after the other, and no two runs overlap. Engine threads.
 *
 *   worker ──open, share──► tasks ─┐
 *   worker ──run──► waiting rows ──┴► the next task, else the next batch ──► replies to the workers of its rows
 *
 * A task runs the rows that wait before each call of the device that may take long.
 */
import type { MessagePort } from 'node:worker_threads';
import type { RawTensor, RawTensors } from '../tensor-types.ts';
import { BatchQueue } from './batch-queue.ts';
import type { Device } from './device.ts';
import type { EngineCounters } from './engine-counters.ts';
import { EngineModels, type EngineNotice, type SharedRows } from './engine-models.ts';
import type { FromEngine, RunCommand, ToEngine } from './messages.ts';
import type { RowOutcome } from './row-batch.ts';

export interface EngineOptions {
  readonly device: Device;
  readonly counters: EngineCounters;
  readonly notify: (notice: EngineNotice) => void;
}

interface Client {
  readonly owner: number;
  readonly port: MessagePort;
}

interface WaitingRun {
  readonly memory: SharedRows;
  readonly rows: readonly number[];
  readonly id: number;
  readonly client: Client;
  readonly arrivedMs: number;
}

/** Less than this passes in turns of the loop; timers count whole milliseconds. */
const timerMs = 1;

/** The device is checked after so many rows in a row that failed in batches of one. All rows of a larger batch hardly ever fail together. */
const maxFailedRows = 3;

const microsecondsPerMillisecond = 1000;

export class Engine {
  readonly #counters: EngineCounters;
  readonly #models: EngineModels;
  readonly #tasks: (() => Promise<void>)[] = [];
  readonly #queue = new BatchQueue<SharedRows, WaitingRun>();
  readonly #clients = new Set<Client>();
  #isWorking = false;
  #failedRows = 0;
  readonly #device: Device;

  constructor({ device, counters, notify }: EngineOptions) {
    this.#counters = counters;
    this.#device = device;
    const evicted = (memory: number) => {
      for (const { port } of this.#clients) port.postMessage({ type: 'evicted', memory } satisfies FromEngine);
    };
    this.#models = new EngineModels(device, { notify, evicted, runWaiting: () => this.#runWaiting() });
  }

  /** Serves a worker until its end of the channel is closed. @param owner see `EngineLink`. */
  connect(owner: number, port: MessagePort): void {
    const client: Client = { owner, port };
    this.#clients.add(client);
    port.on('message', (command: ToEngine) => this.#receive(client, command));
    port.on('close', () => this.#disconnect(client));
  }

  /** Releases all models after what is running. Resolves when it is done. */
  stop(): Promise<void> {
    return new Promise((resolve) => this.#addTask(() => this.#models.releaseAll().then(resolve)));
  }

  /** Its rows are freed after what is running, which may be some of them. */
  #disconnect(client: Client): void {
    this.#clients.delete(client);
    for (const { rows } of this.#queue.remove((run) => run.client === client)) this.#counters.answered(rows.length);
    this.#addTask(() => this.#models.forget(client.owner));
  }

  #receive(client: Client, command: ToEngine): void {
    const { owner } = client;
    switch (command.type) {
      case 'open':
        this.#answer(client, command.id, async () => ({
          ...{ type: 'opened', id: command.id },
          ...(await this.#models.open(owner, command)),
        }));
        return;
      case 'share':
        this.#answer(client, command.id, async () => ({
          ...{ type: 'shared', id: command.id },
          ...(await this.#models.share(command)),
        }));
        return;
      case 'close':
        this.#addTask(() => this.#models.close(owner, command.model));
        return;
      case 'run':
        this.#enqueue(client, command);
        return;
      default:
        command satisfies never;
    }
  }

  /** Does a task in its turn, and replies with its value. */
  #answer(client: Client, id: number, task: () => Promise<FromEngine>): void {
    this.#addTask(async () => {
      client.port.postMessage(await task().catch((error: unknown) => failed(id, error)));
    });
  }

  #addTask(task: () => Promise<void>): void {
    this.#tasks.push(task);
    void this.#work();
  }

  /** What still waits for a model that nobody uses any more would run without a session. */
  #rejectReleased(): void {
    for (const { client, id, rows } of this.#queue.remove(({ memory }) => memory.isReleased))
      this.#reply(client, rows.length, failed(id, 'the model is closed'));
  }

  #enqueue(client: Client, { id, memory: number, rows }: RunCommand): void {
    const memory = this.#models.memory(number);
    if (memory === undefined) {
      this.#reply(client, rows.length, { type: 'gone', id });
      return;
    }
    this.#queue.push({ memory, rows, id, client, arrivedMs: performance.now() });
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    while (this.#tasks.length > 0 || this.#queue.oldest !== undefined) {
      // Messages that came during the last run are read first, so that the next batch includes them.
      await nextTurn();
      const task = this.#tasks.shift();
      if (task !== undefined) {
        await task();
        this.#rejectReleased();
      } else if (!(await this.#waitedForMore())) await this.#runBatch(this.#queue.take());
    }
    this.#isWorking = false;
  }

  /** Runs what waits now, but not what comes meanwhile: the task that calls it must get its turn. */
  async #runWaiting(): Promise<void> {
    await nextTurn();
    for (let left = this.#queue.size; left > 0; ) {
      const batch = this.#queue.take();
      left -= batch.length;
      await this.#runBatch(batch);
    }
  }

  /** Waits for a fuller batch, as long as the model asks for. @returns whether it did. */
  async #waitedForMore(): Promise<boolean> {
    const next = this.#queue.oldest;
    if (next === undefined || this.#queue.rowsOf(next.memory) >= next.memory.maxBatch) return false;
    const remainingMs = next.arrivedMs + next.memory.maxDelayUs / microsecondsPerMillisecond - performance.now();
    if (remainingMs <= 0) return false;
    // One at a time, since the batch may be full before.
    if (remainingMs >= timerMs) await new Promise((resolve) => setTimeout(resolve, timerMs));
    return true;
  }

  async #runBatch(commands: readonly WaitingRun[]): Promise<void> {
    const [first] = commands;
    if (first === undefined) return;
    const rows = commands.flatMap((command) => command.rows);
    this.#counters.begin();
    const outcomes = await first.memory.batch.run(rows);
    this.#counters.end(rows.length);
    await this.#judge(outcomes);
    let at = 0;
    for (const { client, id, rows: own } of commands) {
      this.#reply(client, own.length, replyOf(id, outcomes.slice(at, at + own.length)));
      at += own.length;
    }
  }

  /** A device that is lost fails every run, and would end every session. @throws Error if it does not work any more. */
  async #judge(outcomes: readonly RowOutcome[]): Promise<void> {
    const isFailed = outcomes.every(({ type }) => type === 'failed');
    this.#failedRows = isFailed ? this.#failedRows + outcomes.length : 0;
    if (!isFailed || (outcomes.length === 1 && this.#failedRows < maxFailedRows)) return;
    this.#failedRows = 0;
    await this.#device.check();
  }

  #reply(client: Client, rows: number, reply: FromEngine): void {
    this.#counters.answered(rows);
    client.port.postMessage(reply);
  }
}

/** Resolves when the messages that have arrived are read. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function failed(id: number, error: unknown): FromEngine {
  return { type: 'failed', id, reason: error instanceof Error ? error.message : String(error) };
}

/** A command fails with the first of its rows that does. Never throws: the other commands of the batch need their replies. */
function replyOf(id: number, outcomes: readonly RowOutcome[]): FromEngine {
  const outputs: RawTensors[] = [];
  for (const outcome of outcomes) {
    if (outcome.type === 'failed') return failed(id, outcome.reason);
    if (outcome.outputs !== undefined) outputs.push(outcome.outputs);
  }
  try {
    return outputs.length === 0 ? { type: 'done', id } : { type: 'done', id, outputs: joinRows(outputs) };
  } catch (error) {
    return failed(id, error);
  }
}

/** Rows one after the other. @throws Error if their sizes differ: they ran in different batches, and depend on the image. */
function joinRows(rows: readonly RawTensors[]): RawTensors {
  const [first = {}] = rows;
  if (rows.length === 1) return first;
  return Object.fromEntries(
    Object.entries(first).map(([name, { type, data, dims }]) => {
      const joined = new (data.constructor as new (size: number) => RawTensor['data'])(data.length * rows.length);
      for (const [index, row] of rows.entries()) {
        const part = (row[name] as RawTensor).data;
        if (part.length !== data.length) throw new Error(`output ${name} has rows of different sizes`);
        joined.set(part as never, index * data.length);
      }
      return [name, { type, data: joined, dims: [rows.length, ...dims.slice(1)] }];
    }),
  );
}
