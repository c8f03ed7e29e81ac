/** Loads models by the names that pipelines use, and releases them together. Worker threads; `check` runs on any thread. */
import { dirname, join } from 'node:path';
import type { EngineClient } from './engine/engine-client.ts';
import { engineLossOf } from './engine/engine-lost.ts';
import type { Model, ModelLoader, OwnedModel } from './model.ts';
import { findModel, type ModelFiles } from './model-files.ts';
import { shippedModels } from './ocr/pp-ocr.ts';

/** Where models are, and what runs them. */
export interface ModelSource {
  /** Absolute path of the models folder. */
  readonly modelsDir: string;
  /** Execution providers, in the order in which to try them. */
  readonly providers: readonly string[];
  /** Engines of accelerators; they are tried before the providers. */
  readonly engines?: EngineClient | undefined;
  /** Receives one line per deprecated key of a `model.json`. */
  warn?(line: string): void;
}

/** The models of one tool instance. */
export class ModelScope implements ModelLoader {
  readonly #source: ModelSource;
  readonly #models: OwnedModel[] = [];
  readonly #files = new Set<string>();

  constructor(source: ModelSource) {
    this.#source = source;
  }

  /** The models loaded so far. */
  get models(): readonly Model[] {
    return this.#models;
  }

  /** Paths of all files that it has looked for: models, and the `model.json` beside each, which may not exist. */
  get files(): readonly string[] {
    return [...this.#files];
  }

  check(name: string): readonly string[] {
    const files = this.#find(name);
    return 'issue' in files ? [files.issue] : [];
  }

  async load(name: string): Promise<Model> {
    const files = this.#find(name);
    if ('issue' in files) throw new Error(files.issue);
    const model = await this.#load(name, files);
    this.#models.push(model);
    return model;
  }

  /** Releases every model of the scope. */
  async release(): Promise<void> {
    for (const model of this.#models.splice(0)) await model.release();
  }

  async #load(name: string, { onnxPath: path, overrides }: ModelFiles): Promise<OwnedModel> {
    const { engines, providers } = this.#source;
    let refusal: string | undefined;
    if (engines !== undefined) {
      try {
        return await engines.open({ name, path, overrides });
      } catch (error) {
        if (engineLossOf(error) !== undefined) throw error;
        refusal = error instanceof Error ? error.message : String(error);
        if (providers.length === 0) throw new Error(`model "${name}" cannot be loaded (${refusal})`, { cause: error });
      }
    }
    // Imported on demand: the main thread only checks, and must not load ONNX Runtime.
    const { loadModel } = await import('./onnx-model.ts');
    const errors = refusal === undefined ? [] : [refusal];
    return loadModel({ name, path, providers, overrides, errors });
  }

  #find(name: string): ModelFiles | { readonly issue: string } {
    const shipped = shippedModels.get(name);
    const { modelsDir, warn } = this.#source;
    const found = shipped === undefined ? findModel(modelsDir, name, warn) : { onnxPath: shipped, overrides: {} };
    if ('onnxPath' in found) this.#files.add(found.onnxPath).add(join(dirname(found.onnxPath), 'model.json'));
    return found;
  }
}
