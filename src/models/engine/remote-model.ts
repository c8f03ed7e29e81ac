/** A model in one engine: the memory that this worker has there, for each shape of inputs. Worker threads. */
import type { RawTensors } from '../tensor-types.ts';
import type { EngineConnection } from './engine-connection.ts';
import { RemoteRows } from './remote-rows.ts';

/** Shapes that are made ready in a replaced engine before it runs frames; others are when they come. */
const maxReadyShapes = 4;

/** A shape of inputs. */
export interface InputShapes {
  /** Name and dimensions of each input. */
  readonly keys: readonly string[];
  /** One row of each input; the engine runs the model on it. */
  readonly sample: () => RawTensors;
}

interface Memory {
  readonly keys: readonly string[];
  readonly rows: Promise<RemoteRows>;
  isReady: boolean;
}

export class RemoteModel {
  readonly connection: EngineConnection;
  /** Number of the model in the engine. */
  readonly number: number;
  /** By shape, in the order of their creation. The engine limits their number. */
  readonly #memories = new Map<string, Memory>();
  /** The last memory used for an input of a shape: `allocate` knows only that one. */
  readonly #recent = new Map<string, RemoteRows>();

  constructor(connection: EngineConnection, number: number) {
    this.connection = connection;
    this.number = number;
  }

  /** @param key name and dimensions of one input. */
  recent(key: string): RemoteRows | undefined {
    return this.#recent.get(key);
  }

  /** Largest batch, as far as the engine has found out; undefined before the first run. */
  get maxBatch(): number | undefined {
    const [rows] = this.#recent.values();
    return rows?.maxBatch;
  }

  /** Whether inputs of this shape can run at once. */
  isReady({ keys }: InputShapes): boolean {
    return this.#memories.get(keys.join())?.isReady === true;
  }

  /** @throws as `EngineConnection.request`. */
  memoryFor(shapes: InputShapes): Promise<RemoteRows> {
    const key = shapes.keys.join();
    const known = this.#memories.get(key);
    if (known !== undefined) return known.rows;
    const rows = this.#share(shapes);
    const memory: Memory = { keys: shapes.keys, rows, isReady: false };
    this.#memories.set(key, memory);
    rows.then(
      () => {
        memory.isReady = true;
      },
      () => this.#memories.delete(key),
    );
    return rows;
  }

  /** The engine has given up a memory. */
  forget({ keys }: InputShapes, rows: RemoteRows): void {
    this.#memories.delete(keys.join());
    for (const key of keys) if (this.#recent.get(key) === rows) this.#recent.delete(key);
  }

  /** Makes the latest shapes of another engine ready here, so that no frame waits for it. @throws as `memoryFor`. */
  async adopt(other: RemoteModel): Promise<void> {
    for (const { keys, rows } of [...other.#memories.values()].slice(-maxReadyShapes)) {
      const known = await rows.catch(() => undefined);
      if (known !== undefined) await this.memoryFor({ keys, sample: () => known.sample() });
    }
  }

  async #share(shapes: InputShapes): Promise<RemoteRows> {
    const { connection, number } = this;
    const shared = await connection.request({ type: 'share', model: number, sample: shapes.sample() });
    const rows = new RemoteRows(connection, shared);
    for (const key of shapes.keys) this.#recent.set(key, rows);
    connection.onEvicted(shared.memory, () => this.forget(shapes, rows));
    return rows;
  }
}
