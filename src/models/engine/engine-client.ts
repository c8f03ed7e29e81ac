/** A worker's engines, and the models that it has open in them. Worker threads. */
import type { EngineLink } from '../../engine-link.ts';
import type { OwnedModel } from '../model.ts';
import type { ModelOverrides } from '../model-files.ts';
import { EngineConnection } from './engine-connection.ts';
import { EngineLostError, engineLossOf } from './engine-lost.ts';
import { EngineModel } from './engine-model.ts';
import type { BatchRules, OpenedModel } from './messages.ts';

/** A model file. */
export interface EngineModelOptions {
  readonly name: string;
  readonly path: string;
  readonly overrides: ModelOverrides;
}

export class EngineClient {
  /** Those that are not lost, as far as this worker was told. */
  readonly #connections = new Set<EngineConnection>();
  readonly #models = new Map<EngineModel, EngineModelOptions>();

  readonly #closed: (engine: number) => void;

  /** @param closed called when an engine has ended by itself. */
  constructor(links: readonly EngineLink[], closed: (engine: number) => void = () => undefined) {
    this.#closed = closed;
    for (const link of links) this.#connections.add(new EngineConnection(link, closed));
  }

  /** Whether models are open in them. */
  get isUsed(): boolean {
    return this.#models.size > 0;
  }

  /**
   * Opens a model in every engine.
   * @throws EngineLostError when there is none, and Error with one line when one does not accept the model.
   */
  async open(options: EngineModelOptions): Promise<OwnedModel> {
    let model: EngineModel | undefined;
    try {
      // An engine that is linked meanwhile is visited, too.
      for (const connection of this.#connections) {
        const opened = await openUnlessLost(connection, options);
        if (opened === undefined) continue;
        const { name, overrides } = options;
        model ??= new EngineModel(name, overrides, opened, (released) => this.#models.delete(released));
        await addTo(model, connection, opened);
      }
    } catch (error) {
      await model?.release();
      throw error;
    }
    if (model === undefined) throw new EngineLostError(false);
    this.#models.set(model, options);
    return model;
  }

  /**
   * Connects with a replaced engine and opens all models there.
   * @returns whether it is still there.
   * @throws Error with one line when it does not accept a model.
   */
  async link(link: EngineLink): Promise<boolean> {
    const connection = new EngineConnection(link, this.#closed);
    this.#connections.add(connection);
    // A model that is opened meanwhile is visited, too.
    for (const [model, options] of this.#models) {
      const opened = model.runsIn(connection) ? undefined : await openUnlessLost(connection, options);
      if (opened === undefined) continue;
      if (this.#models.has(model)) await addTo(model, connection, opened);
      else connection.close(opened.model);
    }
    return !connection.isLost;
  }

  /** An engine will not answer any more: its runs fail with an EngineLostError. */
  lose(engine: number): void {
    for (const connection of this.#connections) {
      if (connection.engine !== engine) continue;
      connection.lose();
      this.#connections.delete(connection);
    }
  }

  /** Frees the memory that tools have allocated for runs, and not used: nothing runs in this worker now. */
  giveUpClaims(): void {
    for (const model of this.#models.keys()) model.giveUpClaim();
  }
}

/** @returns undefined if the engine is lost. */
function openUnlessLost(
  connection: EngineConnection,
  { name, path, overrides }: EngineModelOptions,
): Promise<OpenedModel | undefined> {
  const { max_batch: maxBatch, max_delay_us: maxDelayUs } = overrides;
  const rules: BatchRules = { ...(maxBatch && { maxBatch }), ...(maxDelayUs && { maxDelayUs }) };
  return unlessLost(connection.request({ type: 'open', name, path, rules }));
}

async function addTo(model: EngineModel, connection: EngineConnection, opened: OpenedModel): Promise<void> {
  await unlessLost(model.addEngine(connection, opened));
}

async function unlessLost<Value>(pending: Promise<Value>): Promise<Value | undefined> {
  try {
    return await pending;
  } catch (error) {
    if (engineLossOf(error) !== undefined) return undefined;
    throw error;
  }
}
