/** A model that engines run: in each of them, and in the memory that they share with this worker. Worker threads. */
import { InputBuffers } from '../input-buffers.ts';
import type { Inputs, InputTensor, Model, Outputs, OwnedModel, TensorShape } from '../model.ts';
import type { ModelOverrides } from '../model-files.ts';
import { rawInputsOf } from '../raw-input.ts';
import { type RawTensor, type RawTensors, sizeOf } from '../tensor-types.ts';
import type { EngineConnection } from './engine-connection.ts';
import { EngineLostError, MemoryGoneError } from './engine-lost.ts';
import type { OpenedModel } from './messages.ts';
import { type InputShapes, RemoteModel } from './remote-model.ts';
import type { ClaimedRows } from './remote-rows.ts';

/** Name of a free batch dimension. */
const freeBatch = 'batch';

export class EngineModel implements OwnedModel {
  readonly name: string;
  readonly provider: string;
  readonly device?: number;
  /** As the file allows; the engine may find that rows depend on each other. */
  readonly #fileBatch: number;
  readonly providerErrors: readonly string[];
  readonly metadata: Model['metadata'];
  readonly overrides: ModelOverrides;
  readonly inputs: readonly TensorShape[];
  readonly outputs: readonly TensorShape[];
  readonly #release: (model: EngineModel) => void;
  readonly #buffers: InputBuffers;
  readonly #declared: string;
  #engines: readonly RemoteModel[] = [];
  #claimed: ClaimedRows | undefined;

  /** @param release called once, when the model is released. */
  constructor(name: string, overrides: ModelOverrides, opened: OpenedModel, release: (model: EngineModel) => void) {
    const { provider, device, maxBatch, providerErrors, metadata, inputs, outputs } = opened;
    this.name = name;
    this.provider = provider;
    if (device !== undefined) this.device = device;
    this.#fileBatch = maxBatch;
    this.providerErrors = providerErrors;
    this.metadata = metadata;
    this.overrides = overrides;
    this.inputs = inputs.map(withFreeBatch);
    this.outputs = outputs;
    this.#release = release;
    this.#buffers = new InputBuffers(inputs);
    this.#declared = declarationOf(opened);
  }

  get maxBatch(): number {
    return this.#engines[0]?.maxBatch ?? this.#fileBatch;
  }

  /** Whether it runs in an engine. */
  runsIn(connection: EngineConnection): boolean {
    return this.#engines.some((engine) => engine.connection === connection);
  }

  /**
   * Uses the model in another engine, too, as soon as the shapes of its inputs are ready there. Forgets the engines that are lost.
   * @throws EngineLostError, and Error when that engine has loaded a different file.
   */
  async addEngine(connection: EngineConnection, opened: OpenedModel): Promise<void> {
    if (declarationOf(opened) !== this.#declared)
      throw new Error(`model "${this.name}" has changed since it was loaded; reload the pipelines`);
    const added = new RemoteModel(connection, opened.model);
    const known = this.#engines.at(-1);
    if (known !== undefined) await added.adopt(known);
    this.#engines = [...this.#engines.filter((engine) => !engine.connection.isLost), added];
  }

  allocate(name: string, dims: readonly number[]): InputTensor {
    // One row holds all inputs of a run, but only one is claimed for; a tool that allocates several copies the others.
    if (this.#claimed !== undefined && this.#claimed.name !== name) return this.#buffers.allocate(name, dims);
    this.giveUpClaim();
    const isDirect = this.inputs.find((input) => input.name === name)?.type !== 'float16';
    const key = this.#keyOf(name, dims);
    const engine = isDirect ? this.#leastLoaded((each) => each.recent(key) !== undefined) : undefined;
    this.#claimed = engine?.recent(key)?.claim(name, dims);
    if (this.#claimed === undefined) return this.#buffers.allocate(name, dims);
    return { data: this.#claimed.tensor.data as InputTensor['data'], dims };
  }

  async run(tensors: Inputs): Promise<Outputs> {
    const inputs = rawInputsOf(tensors, this.inputs);
    checkSizes(inputs);
    const claimed = this.#claimed;
    this.#claimed = undefined;
    if (claimed === undefined) return this.#runCopied(inputs);
    try {
      if (claimed.memory.fits(inputs, claimed)) return await claimed.memory.runClaimed(inputs, claimed);
    } catch (error) {
      if (!(error instanceof MemoryGoneError)) throw error;
      return await this.#runCopied(takeOut(inputs, claimed));
    } finally {
      claimed.release();
    }
    return this.#runCopied(takeOut(inputs, claimed));
  }

  /** Frees what was allocated for a run that did not take place: other workers may be waiting for it. */
  giveUpClaim(): void {
    this.#claimed?.release();
    this.#claimed = undefined;
  }

  async release(): Promise<void> {
    this.giveUpClaim();
    for (const { connection, number } of this.#engines) connection.close(number);
    this.#release(this);
  }

  /** The engine with the fewest rows that wait or run. Of several, workers prefer different ones: they may all choose at the same time. */
  #leastLoaded(isUsable: (engine: RemoteModel) => boolean): RemoteModel | undefined {
    const engines = this.#engines.filter((engine) => !engine.connection.isLost && isUsable(engine));
    const first = (engines[0]?.connection.owner ?? 0) % Math.max(1, engines.length);
    let least: RemoteModel | undefined;
    for (const engine of [...engines.slice(first), ...engines.slice(0, first)]) {
      if (least === undefined || engine.connection.load < least.connection.load) least = engine;
    }
    return least;
  }

  /** Runs inputs that are not in shared memory, or not in that of the run. */
  async #runCopied(inputs: RawTensors): Promise<Outputs> {
    const shapes: InputShapes = {
      keys: Object.entries(inputs).map(([name, { dims }]) => this.#keyOf(name, dims)),
      sample: () => (this.#fileBatch > 1 ? firstRowOf(inputs) : copyOf(inputs)),
    };
    for (;;) {
      const engine = this.#leastLoaded((each) => each.isReady(shapes)) ?? (await this.#firstReady(shapes));
      const rows = await engine.memoryFor(shapes);
      try {
        return await rows.run(inputs);
      } catch (error) {
        if (!(error instanceof MemoryGoneError)) throw error;
        engine.forget(shapes, rows);
      }
    }
  }

  /** Makes a new shape ready in all engines, since the first run takes long, and no later frame should meet it. @returns the first to be ready. */
  async #firstReady(shapes: InputShapes): Promise<RemoteModel> {
    const engines = this.#engines.filter(({ connection }) => !connection.isLost);
    if (engines.length === 0) throw new EngineLostError(false);
    const pending = engines.map(async (engine) => {
      await engine.memoryFor(shapes);
      return engine;
    });
    try {
      return await Promise.any(pending);
    } catch (error) {
      throw error instanceof AggregateError ? error.errors[0] : error;
    }
  }

  /** Memories are told apart by the dimensions of a row. */
  #keyOf(name: string, dims: readonly number[]): string {
    return `${name}[${(this.#fileBatch > 1 ? dims.slice(1) : dims).join()}]`;
  }
}

/** What tools rely on: it must be the same in all engines. */
function declarationOf({ inputs, outputs, metadata, maxBatch }: OpenedModel): string {
  return JSON.stringify([inputs, outputs, metadata, maxBatch]);
}

/** @throws TypeError when a tensor has more or fewer values than its dimensions say. */
function checkSizes(inputs: RawTensors): void {
  for (const [name, { data, dims }] of Object.entries(inputs)) {
    if (sizeOf(dims) === data.length) continue;
    throw new TypeError(`input ${name} has ${data.length} values; its shape [${dims.join(', ')}] has ${sizeOf(dims)}`);
  }
}

/** Copies the inputs that are in claimed rows, and frees the rows: nobody waits for rows while holding some. */
function takeOut(inputs: RawTensors, claimed: ClaimedRows): RawTensors {
  const isInside = ({ data }: RawTensor) => data.buffer === claimed.tensor.data.buffer;
  const taken = Object.entries(inputs).map(([name, tensor]) => [name, isInside(tensor) ? copy(tensor) : tensor]);
  claimed.release();
  return Object.fromEntries(taken);
}

function copy(tensor: RawTensor): RawTensor {
  return { ...tensor, data: tensor.data.slice() };
}

/** A view is sent with all of its buffer. */
function copyOf(inputs: RawTensors): RawTensors {
  return Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, copy(tensor)]));
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
