/** The models of an engine, with the shared memory for their tensors: loaded once, released with their last user. Engine threads. */
import { statSync } from 'node:fs';
import type { RawTensors } from '../tensor-types.ts';
import { BatchMemory } from './batch-memory.ts';
import { type BatchSize, batchSizeOf, probeBatch } from './batch-probe.ts';
import type { Device, DeviceModel } from './device.ts';
import type { OpenCommand, OpenedModel, ShareCommand, SharedMemory } from './messages.ts';
import { RowBatch } from './row-batch.ts';

/** What an operator should know of a model. */
export type EngineNotice =
  | { readonly type: 'loading'; readonly model: string }
  | { readonly type: 'loaded'; readonly model: string; readonly provider: string; readonly ms: number }
  | { readonly type: 'unbatched'; readonly model: string; readonly reason: string }
  | { readonly type: 'out_of_memory'; readonly model: string; readonly rows: number; readonly maxBatch: number };

interface LoadedModel {
  readonly number: number;
  readonly name: string;
  readonly key: string;
  readonly session: DeviceModel;
  /** As the file allows, until the first run shows what is fast enough. */
  size: BatchSize;
  readonly maxDelayUs: number;
  /** By the shape of a row of its inputs. */
  readonly memories: Map<string, SharedRows>;
  /** Workers that use it; one may do so several times. */
  users: number[];
  /** Why it is run row by row, once that is known. */
  issue: string | undefined;
  /** Whether it has been found to batch. */
  isProven: boolean;
}

/** The memory of one model for one shape. */
export interface SharedRows {
  readonly number: number;
  readonly buffer: BatchMemory;
  readonly batch: RowBatch;
  readonly maxBatch: number;
  readonly maxDelayUs: number;
  /** Whether its model is not loaded any more. */
  readonly isReleased: boolean;
}

export interface EngineModelsEvents {
  readonly notify: (notice: EngineNotice) => void;
  /** A memory has been given up for others. What waits in it still runs. */
  readonly evicted: (memory: number) => void;
  /** Runs the rows that wait now. Called before each call of the device that may take seconds, so that frames wait for one at most. */
  readonly runWaiting: () => Promise<void>;
}

/**
 * Memory of one model for the sizes of input that were used last: a recognizer of text lines has one per width, and a large detector's
 * takes 200 MB. Only rows that were used are backed by physical memory.
 */
const maxShapes = 64;
const maxSharedBytes = 1_073_741_824;

export class EngineModels {
  readonly #device: Device;
  readonly #events: EngineModelsEvents;
  readonly #models = new Map<number, LoadedModel>();
  readonly #memories = new Map<number, SharedRows>();
  #lastNumber = 0;

  constructor(device: Device, events: EngineModelsEvents) {
    this.#device = device;
    this.#events = events;
  }

  /** The memory of a number, which is about to be used; undefined if it was evicted, or its model is released. */
  memory(number: number): SharedRows | undefined {
    const memory = this.#memories.get(number);
    if (memory !== undefined) {
      // The first one in the map is the one that has not been used for longest.
      this.#memories.delete(number);
      this.#memories.set(number, memory);
    }
    return memory;
  }

  /**
   * Loads a model unless it is loaded. A file that has changed since is another model.
   * @throws Error with one line when no provider accepts it.
   */
  async open(owner: number, { name, path, rules }: OpenCommand): Promise<OpenedModel> {
    const { mtimeMs, size: bytes } = statSync(path);
    const key = JSON.stringify([path, mtimeMs, bytes, rules]);
    const known = [...this.#models.values()].find((model) => model.key === key);
    const loaded = known ?? (await this.#load(key, name, path, rules));
    loaded.users.push(owner);
    const { provider, inputs, outputs, metadata, providerErrors } = loaded.session;
    const { id } = this.#device;
    return {
      ...{ model: loaded.number, maxBatch: loaded.size.maxBatch, provider, ...(id !== undefined && { device: id }) },
      ...{ inputs, outputs, metadata, providerErrors },
    };
  }

  /** @throws Error with one line when the model does not run with such inputs. */
  async share({ model, sample }: ShareCommand): Promise<SharedMemory> {
    const loaded = this.#models.get(model);
    if (loaded === undefined) throw new Error('the model is closed');
    const key = JSON.stringify(Object.entries(sample).map(([name, { type, dims }]) => [name, type, dims]));
    const known = loaded.memories.get(key);
    if (known !== undefined) this.memory(known.number);
    const rows = known ?? (await this.#createRows(loaded, sample));
    loaded.memories.set(key, rows);
    return { memory: rows.number, buffer: rows.buffer.buffer, layout: rows.buffer.layout };
  }

  /** Drops one use of a model. */
  async close(owner: number, model: number): Promise<void> {
    const loaded = this.#models.get(model);
    const at = loaded?.users.indexOf(owner) ?? -1;
    if (loaded === undefined || at === -1) return;
    loaded.users.splice(at, 1);
    await this.#releaseUnused(loaded);
  }

  /** Drops all that a worker uses, and frees its rows. */
  async forget(owner: number): Promise<void> {
    for (const loaded of [...this.#models.values()]) {
      for (const { buffer } of loaded.memories.values()) buffer.releaseAll(owner);
      loaded.users = loaded.users.filter((user) => user !== owner);
      await this.#releaseUnused(loaded);
    }
  }

  async releaseAll(): Promise<void> {
    for (const loaded of [...this.#models.values()]) {
      loaded.users = [];
      await this.#releaseUnused(loaded);
    }
  }

  async #load(key: string, name: string, path: string, rules: OpenCommand['rules']): Promise<LoadedModel> {
    await this.#events.runWaiting();
    this.#events.notify({ type: 'loading', model: name });
    const startedAtMs = performance.now();
    const session = await this.#device.load(name, path);
    const ms = Math.round(performance.now() - startedAtMs);
    this.#events.notify({ type: 'loaded', model: name, provider: session.provider, ms });
    this.#lastNumber += 1;
    const loaded: LoadedModel = {
      ...{
        number: this.#lastNumber,
        name,
        key,
        session,
        memories: new Map(),
        users: [],
        issue: undefined,
        isProven: false,
      },
      ...{ size: batchSizeOf(session.inputs, rules), maxDelayUs: rules.maxDelayUs ?? 0 },
    };
    this.#models.set(loaded.number, loaded);
    return loaded;
  }

  async #createRows(loaded: LoadedModel, sample: RawTensors): Promise<SharedRows> {
    const { name, session, maxDelayUs } = loaded;
    // How it batches does not depend on the size: later ones need not be tried with every batch.
    let lastRunMs = 0;
    const run: DeviceModel['run'] = async (...tensors) => {
      await this.#events.runWaiting();
      const startedAtMs = performance.now();
      const outputs = await session.run(...tensors);
      lastRunMs = performance.now() - startedAtMs;
      return outputs;
    };
    const size = loaded.issue === undefined ? loaded.size : { maxBatch: 1 };
    const probe = await probeBatch({ run, lastRunMs: () => lastRunMs }, sample, size, loaded.isProven);
    if (probe.layout.isStacked) {
      loaded.isProven = true;
      loaded.size = { ...loaded.size, maxBatch: probe.layout.maxBatch };
    }
    if (probe.issue !== undefined && loaded.issue === undefined) {
      loaded.issue = probe.issue;
      this.#events.notify({ type: 'unbatched', model: name, reason: probe.issue });
    }
    const buffer = new BatchMemory(probe.layout);
    this.#evict(loaded, buffer.buffer.byteLength);
    const batch: RowBatch = new RowBatch(session, buffer, probe.fixedRows, {
      outOfMemory: (rows) =>
        this.#events.notify({ type: 'out_of_memory', model: name, rows, maxBatch: batch.maxBatch }),
    });
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    const rows: SharedRows = {
      ...{ number, buffer, batch, maxDelayUs },
      get maxBatch() {
        return batch.maxBatch;
      },
      get isReleased() {
        return loaded.users.length === 0;
      },
    };
    this.#memories.set(number, rows);
    return rows;
  }

  /** Makes room for another memory of a model. */
  #evict({ memories }: LoadedModel, bytes: number): void {
    const oldestFirst = [...this.#memories.values()].flatMap((rows) =>
      [...memories].filter(([, each]) => each === rows),
    );
    let total = oldestFirst.reduce((sum, [, { buffer }]) => sum + buffer.buffer.byteLength, bytes);
    for (const [key, { number, buffer }] of oldestFirst) {
      if (memories.size < maxShapes && total <= maxSharedBytes) return;
      total -= buffer.buffer.byteLength;
      memories.delete(key);
      this.#memories.delete(number);
      this.#events.evicted(number);
    }
  }

  async #releaseUnused(loaded: LoadedModel): Promise<void> {
    if (loaded.users.length > 0) return;
    this.#models.delete(loaded.number);
    for (const { number } of loaded.memories.values()) this.#memories.delete(number);
    await loaded.session.release();
  }
}
