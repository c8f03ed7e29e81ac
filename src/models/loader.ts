/** Loads models by the names that pipelines use, and releases them together. Worker threads; `check` runs on any thread. */
import { dirname, join } from 'node:path';
import type { Model, ModelLoader } from './model.ts';
import { findModel, type ModelFiles } from './model-files.ts';
import { shippedModels } from './ocr/pp-ocr.ts';
import type { OwnedModel } from './onnx-model.ts';

/** Where models are, and what runs them. */
export interface ModelSource {
  /** Absolute path of the models folder. */
  readonly modelsDir: string;
  /** Execution providers, in the order in which to try them. */
  readonly providers: readonly string[];
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
    // Imported on demand: the main thread only checks, and must not load ONNX Runtime.
    const { loadModel } = await import('./onnx-model.ts');
    const { onnxPath: path, overrides } = files;
    const model = await loadModel({ name, path, providers: this.#source.providers, overrides });
    this.#models.push(model);
    return model;
  }

  /** Releases every model of the scope. */
  async release(): Promise<void> {
    for (const model of this.#models.splice(0)) await model.release();
  }

  #find(name: string): ModelFiles | { readonly issue: string } {
    const shipped = shippedModels.get(name);
    const { modelsDir, warn } = this.#source;
    const found = shipped === undefined ? findModel(modelsDir, name, warn) : { onnxPath: shipped, overrides: {} };
    if ('onnxPath' in found) this.#files.add(found.onnxPath).add(join(dirname(found.onnxPath), 'model.json'));
    return found;
  }
}
