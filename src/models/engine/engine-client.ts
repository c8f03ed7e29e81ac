/** A worker's engines, and the models that it has open in them. Worker threads. */
import type { EngineLink } from '../../engine-link.ts';
import type { OwnedModel } from '../model.ts';
import type { ModelOverrides } from '../model-files.ts';
import { EngineConnection } from './engine-connection.ts';
import { EngineLostError } from './engine-lost.ts';
import { EngineModel } from './engine-model.ts';
import type { BatchRules, OpenedModel } from './messages.ts';

/** A model file. */
export interface EngineModelOptions {
  readonly name: string;
  readonly path: string;
  readonly overrides: ModelOverrides;
}

export class EngineClient {
  #connections: EngineConnection[];
  readonly #models = new Map<EngineModel, EngineModelOptions>();

  readonly #closed: (engine: number) => void;

  /** @param closed called when an engine has ended by itself. */
  constructor(links: readonly EngineLink[], closed: (engine: number) => void) {
    this.#closed = closed;
    this.#connections = links.map((link) => new EngineConnection(link, closed));
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
    const opened: [EngineConnection, OpenedModel][] = [];
    for (const connection of this.#connections) opened.push([connection, await openIn(connection, options)]);
    const [first] = opened;
    if (first === undefined) throw new EngineLostError(false);
    const model = new EngineModel(options.name, options.overrides, first[1], () => this.#models.delete(model));
    for (const [connection, each] of opened) model.addEngine(connection, each);
    this.#models.set(model, options);
    return model;
  }

  /** Connects with a replaced engine and opens all models there. @throws as `open`. */
  async link(link: EngineLink): Promise<void> {
    const connection = new EngineConnection(link, this.#closed);
    const opened: [EngineModel, OpenedModel][] = [];
    for (const [model, options] of this.#models) opened.push([model, await openIn(connection, options)]);
    this.#connections.push(connection);
    for (const [model, each] of opened) model.addEngine(connection, each);
  }

  /** An engine will not answer any more: its runs fail with an EngineLostError. */
  lose(engine: number): void {
    for (const connection of this.#connections) if (connection.engine === engine) connection.lose();
    this.#connections = this.#connections.filter(({ isLost }) => !isLost);
  }
}

function openIn(connection: EngineConnection, { name, path, overrides }: EngineModelOptions): Promise<OpenedModel> {
  const { max_batch: maxBatch, max_delay_us: maxDelayUs } = overrides;
  const rules: BatchRules = { ...(maxBatch && { maxBatch }), ...(maxDelayUs && { maxDelayUs }) };
  return connection.request({ type: 'open', name, path, rules });
}
