/** A model that engines run: in each of them, and in the memory that they share with this worker. Worker threads. */
import { InputBuffers } from '../input-buffers.ts';
import type { Inputs, InputTensor, Model, Outputs, OwnedModel, TensorShape } from '../model.ts';
import type { ModelOverrides } from '../model-files.ts';
import { rawInputsOf } from '../raw-input.ts';
import { type RawTensor, type RawTensors, sizeOf } from '../tensor-types.ts';
import type { EngineConnection } from './engine-connection.ts';
import { EngineLostError } from './engine-lost.ts';
import type { OpenedModel } from './messages.ts';
import { type ClaimedRows, RemoteRows } from './remote-rows.ts';

/** The model in one engine. */
interface Opened {
  readonly connection: EngineConnection;
  readonly model: number;
  /** By the shapes of the inputs; created when the first such inputs come. */
  readonly memories: Map<string, Promise<RemoteRows>>;
  /** The last memory used for an input of a shape: `allocate` knows only that one. */
  readonly recent: Map<string, RemoteRows>;
}

/** Name of a free batch dimension. */
const freeBatch = 'batch';

export class EngineModel implements OwnedModel {
  readonly name: string;
  readonly provider: string;
  readonly device?: number;
  readonly maxBatch: number;
  readonly providerErrors: readonly string[];
  readonly metadata: Model['metadata'];
  readonly overrides: ModelOverrides;
  readonly inputs: readonly TensorShape[];
  readonly outputs: readonly TensorShape[];
  readonly #release: (model: EngineModel) => void;
  readonly #buffers: InputBuffers;
  #opened: readonly Opened[] = [];
  #claimed: ClaimedRows | undefined;

  /** @param release called once, when the model is released. */
  constructor(name: string, overrides: ModelOverrides, opened: OpenedModel, release: (model: EngineModel) => void) {
    const { provider, device, maxBatch, providerErrors, metadata, inputs, outputs } = opened;
    this.name = name;
    this.provider = provider;
    if (device !== undefined) this.device = device;
    this.maxBatch = maxBatch;
    this.providerErrors = providerErrors;
    this.metadata = metadata;
    this.overrides = overrides;
    this.inputs = inputs.map(withFreeBatch);
    this.outputs = outputs;
    this.#release = release;
    this.#buffers = new InputBuffers(inputs);
  }

  /** Uses the model in another engine, too. Forgets the engines that are lost. */
  addEngine(connection: EngineConnection, { model }: OpenedModel): void {
    this.#opened = this.#opened.filter((opened) => !opened.connection.isLost);
    this.#opened = [...this.#opened, { connection, model, memories: new Map(), recent: new Map() }];
  }

  allocate(name: string, dims: readonly number[]): InputTensor {
    this.#giveUpClaim();
    const isDirect = this.inputs.find((input) => input.name === name)?.type !== 'float16';
    const memory = isDirect ? this.#leastLoaded()?.recent.get(inputKey(name, this.#rowDims(dims))) : undefined;
    this.#claimed = memory?.claim(name, dims);
    if (this.#claimed === undefined) return this.#buffers.allocate(name, dims);
    return { data: this.#claimed.tensor.data as InputTensor['data'], dims };
  }

  async run(tensors: Inputs): Promise<Outputs> {
    const inputs = rawInputsOf(tensors, this.inputs);
    const claimed = this.#claimed;
    this.#claimed = undefined;
    if (claimed?.memory.fits(inputs, claimed) === true) return claimed.memory.run(inputs, claimed);
    try {
      const opened = this.#leastLoaded();
      if (opened === undefined) throw new EngineLostError(false);
      return await (await this.#memoryFor(opened, inputs)).run(inputs, undefined);
    } finally {
      // The inputs may be in rows of another memory, which are read until here.
      claimed?.memory.release(claimed.rows);
    }
  }

  async release(): Promise<void> {
    this.#giveUpClaim();
    for (const { connection, model } of this.#opened) connection.close(model);
    this.#release(this);
  }

  /** The engine with the fewest rows that wait or run. */
  #leastLoaded(): Opened | undefined {
    let least: Opened | undefined;
    for (const opened of this.#opened) {
      if (!opened.connection.isLost && !(least !== undefined && least.connection.load <= opened.connection.load))
        least = opened;
    }
    return least;
  }

  async #memoryFor(opened: Opened, inputs: RawTensors): Promise<RemoteRows> {
    const { connection, model, memories, recent } = opened;
    const keys = Object.entries(inputs).map(([name, { dims }]) => inputKey(name, this.#rowDims(dims)));
    const key = keys.join();
    const known = memories.get(key);
    if (known !== undefined) return known;
    const share = async () => {
      const sample = this.maxBatch > 1 ? firstRowOf(inputs) : inputs;
      const rows = new RemoteRows(connection, await connection.request({ type: 'share', model, sample }));
      for (const each of keys) recent.set(each, rows);
      return rows;
    };
    const created = share();
    memories.set(key, created);
    created.catch(() => memories.delete(key));
    return created;
  }

  /** Dimensions by which memories are told apart. */
  #rowDims(dims: readonly number[]): readonly number[] {
    return this.maxBatch > 1 ? dims.slice(1) : dims;
  }

  #giveUpClaim(): void {
    this.#claimed?.memory.release(this.#claimed.rows);
    this.#claimed = undefined;
  }
}

function inputKey(name: string, dims: readonly number[]): string {
  return `${name}[${dims.join()}]`;
}

function firstRowOf(inputs: RawTensors): RawTensors {
  const rows: Record<string, RawTensor> = {};
  for (const name in inputs) {
    const { type, data, dims } = inputs[name] as RawTensor;
    const [, ...rest] = dims;
    rows[name] = { type, data: data.slice(0, sizeOf(rest)), dims: [1, ...rest] };
  }
  return rows;
}

/** An input whose file fixes a larger batch takes any number of rows here. */
function withFreeBatch(input: TensorShape): TensorShape {
  const [first, ...rest] = input.dims;
  return typeof first === 'number' && first > 1 ? { ...input, dims: [freeBatch, ...rest] } : input;
}
