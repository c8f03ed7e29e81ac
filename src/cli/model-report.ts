/** Examines one model file: its metadata, how it would be used, how long it takes. Main thread of the command line. */

import { statSync } from 'node:fs';
import { readOnnxHeader } from '../models/metadata.ts';
import type { Inputs, InputTensor, Model, TensorShape } from '../models/model.ts';
import type { ModelFiles } from '../models/model-files.ts';
import { blankInput, maxInputPixels } from '../models/yolo/input.ts';
import { median } from '../statistics.ts';
import { type ModelPlan, planModel } from '../tools/plan-model.ts';

export interface ModelReport {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** The tool that wrote the file; empty if unknown. */
  readonly producer: string;
  readonly opset: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly inputs: readonly TensorShape[];
  readonly outputs: readonly TensorShape[];
  readonly provider: string;
  /** Which tool would use it and how, or why none can. */
  readonly plan: ModelPlan | { readonly issue: string };
  /** Median of several runs on one thread, or why it was not measured. */
  readonly time: { readonly msPerRun: number } | { readonly issue: string };
}

/**
 * Loads the model as a worker would.
 * @throws when the file is not a model or no provider accepts it.
 */
export async function examineModel(
  name: string,
  { onnxPath, overrides }: ModelFiles,
  providers: readonly string[],
): Promise<ModelReport> {
  const { producer, opset, metadata } = await readOnnxHeader(onnxPath);
  const { loadModel } = await import('../models/onnx-model.ts');
  const model = await loadModel({ name, path: onnxPath, providers, overrides });
  const plan = await planModel(model).catch(issueOf);
  const time = await timeRuns(model, plan).catch(issueOf);
  await model.release();
  const { inputs, outputs, provider } = model;
  const bytes = statSync(onnxPath).size;
  return { name, path: onnxPath, bytes, producer, opset, metadata, inputs, outputs, provider, plan, time };
}

function issueOf(error: unknown): { readonly issue: string } {
  const [line] = String(error instanceof Error ? error.message : error).split('\n');
  return { issue: line ?? '' };
}

function inputsOf({ constants, input }: ModelPlan): Inputs {
  const { name, width, height, layout } = input;
  return { ...constants, [name]: blankInput({ kind: layout.kind, width, height }) };
}

/** Side for free dimensions: a multiple of every common stride, and not slow. */
const defaultFreeSide = 320;

/** Zero tensors for a model that no tool runs. */
function guessedInputs(model: Model): Inputs {
  const sizeOf = (dim: number | string, axis: number) => {
    if (typeof dim === 'number') return dim;
    return axis === 0 ? 1 : defaultFreeSide;
  };
  return Object.fromEntries(model.inputs.map(({ name, dims, type }) => [name, zeros(dims.map(sizeOf), type)]));
}

/** Maximum values of an input to time: those of the largest image. */
const maxValues = 3 * maxInputPixels;

function zeros(dims: readonly number[], type = 'float32'): InputTensor {
  const count = dims.reduce((product, size) => product * size, 1);
  if (!(count >= 0 && count <= maxValues)) throw new Error(`input [${dims.join(', ')}] is too large to run`);
  return { data: type === 'uint8' ? new Uint8Array(count) : new Float32Array(count), dims };
}

/** Enough for a stable median, and at most about one second for a slow model. */
const maxRuns = 15;
const minRuns = 3;
const enoughMs = 1000;

async function timeRuns(model: Model, plan: ModelReport['plan']): Promise<{ readonly msPerRun: number }> {
  const inputs = 'issue' in plan ? guessedInputs(model) : inputsOf(plan);
  await model.run(inputs);
  const durations: number[] = [];
  let spentMs = 0;
  while (durations.length < minRuns || (durations.length < maxRuns && spentMs < enoughMs)) {
    const startedAtMs = performance.now();
    await model.run(inputs);
    const tookMs = performance.now() - startedAtMs;
    durations.push(tookMs);
    spentMs += tookMs;
  }
  return { msPerRun: Math.round(median(durations) * 100) / 100 };
}
