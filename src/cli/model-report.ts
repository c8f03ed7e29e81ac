/** Examines one model file: its metadata, how it would be used, how long it takes. Main thread of the command line. */

import { statSync } from 'node:fs';
import { type DetectorPlan, planDetector } from '../models/detector.ts';
import { maxInputPixels } from '../models/detector-input.ts';
import { readOnnxHeader } from '../models/metadata.ts';
import type { InputTensor, Model, TensorShape } from '../models/model.ts';
import type { ModelFiles } from '../models/model-files.ts';
import { median } from '../statistics.ts';

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
  /** How `yolo.detect_objects` would use it, or why it cannot. */
  readonly detector: DetectorPlan | { readonly issue: string };
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
  const detector = await planDetector(model, overrides).catch(issueOf);
  const time = await timeRuns(model, detector).catch(issueOf);
  await model.release();
  const { inputs, outputs, provider } = model;
  const bytes = statSync(onnxPath).size;
  return { name, path: onnxPath, bytes, producer, opset, metadata, inputs, outputs, provider, detector, time };
}

function issueOf(error: unknown): { readonly issue: string } {
  const [line] = String(error instanceof Error ? error.message : error).split('\n');
  return { issue: line ?? '' };
}

type Inputs = Readonly<Record<string, InputTensor>>;

function detectorInputs({ input }: DetectorPlan): Inputs {
  const { name, width, height, layout } = input;
  return { [name]: layout.kind === 'nhwc' ? zeros([1, height, width, 3], 'uint8') : zeros([1, 3, height, width]) };
}

/** Side for free dimensions: a multiple of every common stride, and not slow. */
const defaultFreeSide = 320;

/** Zero tensors for a model that is not a detector. */
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

async function timeRuns(model: Model, detector: ModelReport['detector']): Promise<{ readonly msPerRun: number }> {
  const inputs = 'issue' in detector ? guessedInputs(model) : detectorInputs(detector);
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
