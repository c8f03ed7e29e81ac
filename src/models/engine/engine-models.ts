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
  | { readonly type: 'unbatched'; readonly model: string; readonly reason: string }
  | { readonly type: 'out_of_memory'; readonly model: string; readonly rows: number; readonly maxBatch: number };

interface LoadedModel {
  readonly number: number;
  readonly name: string;
  readonly key: string;
  readonly session: DeviceModel;
  readonly size: BatchSize;
  readonly maxDelayUs: number;
  /** By the shape of a row of its inputs. */
  readonly memories: Map<string, SharedRows>;
  /** Workers that use it; one may do so several times. */
  users: number[];
  /** Why it is run row by row, once that is known. */
  issue: string | undefined;
}

/** The memory of one model for one shape. */
export interface SharedRows {
  readonly number: number;
  readonly buffer: BatchMemory;
  readonly batch: RowBatch;
  readonly maxBatch: number;
  readonly maxDelayUs: number;
}

/** Shapes of inputs per model: a recognizer of text lines has one per width. */
const maxShapes = 256;

export interface EngineModelsOptions {
  readonly device: Device;
  readonly notify: (notice: EngineNotice) => void;
  /** Runs the rows that wait now. Called before each call of the device that may take seconds, so that frames wait for one at most. */
  readonly runWaiting: () => Promise<void>;
}

export class EngineModels {
  readonly #device: Device;
  readonly #runWaiting: () => Promise<void>;
  readonly #notify: (notice: EngineNotice) => void;
  readonly #models = new Map<number, LoadedModel>();
  readonly #memories = new Map<number, SharedRows>();
  #lastNumber = 0;

  constructor({ device, notify, runWaiting }: EngineModelsOptions) {
    this.#device = device;
    this.#notify = notify;
    this.#runWaiting = runWaiting;
  }

  /** The memory of a number; undefined if its model has been released. */
  memory(number: number): SharedRows | undefined {
    return this.#memories.get(number);
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
    const rows = loaded.memories.get(key) ?? (await this.#createRows(loaded, sample));
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
    await this.#runWaiting();
    const session = await this.#device.load(name, path);
    this.#lastNumber += 1;
    const loaded: LoadedModel = {
      ...{ number: this.#lastNumber, name, key, session, memories: new Map(), users: [], issue: undefined },
      ...{ size: batchSizeOf(session.inputs, rules), maxDelayUs: rules.maxDelayUs ?? 0 },
    };
    this.#models.set(loaded.number, loaded);
    return loaded;
  }

  async #createRows(loaded: LoadedModel, sample: RawTensors): Promise<SharedRows> {
    const { name, session, memories, maxDelayUs } = loaded;
    if (memories.size >= maxShapes) throw new Error(`model "${name}" was given ${maxShapes} sizes of input`);
    // How it batches does not depend on the size: later ones need not be tried with every batch.
    const run: DeviceModel['run'] = async (...tensors) => {
      await this.#runWaiting();
      return session.run(...tensors);
    };
    const probe = await probeBatch({ run }, sample, loaded.issue === undefined ? loaded.size : { maxBatch: 1 });
    if (probe.issue !== undefined && loaded.issue === undefined) {
      loaded.issue = probe.issue;
      this.#notify({ type: 'unbatched', model: name, reason: probe.issue });
    }
    const buffer = new BatchMemory(probe.layout);
    const batch: RowBatch = new RowBatch(session, buffer, probe.fixedRows, {
      outOfMemory: (rows) => this.#notify({ type: 'out_of_memory', model: name, rows, maxBatch: batch.maxBatch }),
    });
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    const rows: SharedRows = {
      ...{ number, buffer, batch, maxDelayUs },
      get maxBatch() {
        return batch.maxBatch;
      },
    };
    this.#memories.set(number, rows);
    return rows;
  }

  async #releaseUnused(loaded: LoadedModel): Promise<void> {
    if (loaded.users.length > 0) return;
    this.#models.delete(loaded.number);
    for (const { number } of loaded.memories.values()) this.#memories.delete(number);
    await loaded.session.release();
  }
}
