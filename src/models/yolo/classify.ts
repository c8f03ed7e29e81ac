/** Plans image classifiers and reads their classes. Worker threads. */
import type { ClassScore } from '../../protocol.ts';
import type { Image } from '../image.ts';
import { unitRgb } from '../image-tensor.ts';
import { parseClassNames } from '../metadata.ts';
import type { Model, Outputs } from '../model.ts';
import type { ModelOverrides } from '../model-files.ts';
import type { ClassFormatName } from './format-names.ts';
import { clamp } from './frame-box.ts';
import {
  blankInput,
  type InputShape,
  type Issue,
  inputFor,
  inputShapeOf,
  type ModelInput,
  type Preprocessing,
} from './input.ts';
import { Preprocessor } from './preprocess.ts';
import { taskIssue } from './task.ts';

/** Everything needed to turn an image into classes. */
export interface ClassPlan {
  readonly task: 'classify';
  readonly format: { readonly name: ClassFormatName; readonly output: string; readonly classes: number };
  /** Class names by index; empty if neither the file nor `model.json` has names. */
  readonly names: readonly string[];
  readonly input: ModelInput;
  readonly constants: InputShape['constants'];
}

/** Ultralytics' `classify_transforms`: the middle of the image, RGB, 0 to 1. An input that is not square gets the whole image. */
function preprocessingFor({ width, height }: InputShape): Preprocessing {
  return { normalization: unitRgb, resize: width === height ? 'crop' : 'stretch' };
}

/** Rounding of float16, and of a thousand summands. */
const sumSlack = 0.02;

/**
 * Runs the model on a blank image and on a picture, to see whether it returns probabilities.
 * @returns the plan, or a one-line reason why the model cannot be used as a classifier.
 */
export async function planClasses(model: Model, overrides: ModelOverrides, picture: Image): Promise<ClassPlan | Issue> {
  const { output_format: named } = overrides;
  const wrongTask = named === undefined ? taskIssue(model.metadata['task'], 'classify') : undefined;
  if (wrongTask !== undefined) return { issue: wrongTask };
  const shape = inputShapeOf(model, overrides);
  if ('issue' in shape) return shape;
  const { constants } = shape;
  const input = withAntialias(inputFor(preprocessingFor(shape), shape, overrides), model);
  const run = (tensor: ReturnType<typeof blankInput>) => model.run({ ...constants, [shape.name]: tensor });
  const runs = [await run(blankInput(shape)), await run(new Preprocessor(input).preprocess(picture).tensor)];
  const [output, ...others] = model.outputs.map(({ name }) => name);
  const shapes = model.outputs.map(({ name }) => `${name} [${runs[0]?.[name]?.dims.join(', ')}]`).join(', ');
  const [batch, classes, ...rest] = runs[0]?.[output ?? '']?.dims ?? [];
  if (output === undefined || others.length > 0 || batch !== 1 || classes === undefined || rest.length > 0) {
    return { issue: `its outputs are ${shapes}; expected one output [1, classes]` };
  }
  const names = overrides.names ?? parseClassNames(model.metadata['names']) ?? [];
  if (names.length > 0 && names.length !== classes) {
    return { issue: `output ${output} has ${classes} classes, but the model names ${names.length}` };
  }
  const plan = (name: ClassFormatName): ClassPlan => ({
    task: 'classify',
    format: { name, output, classes },
    names,
    input,
    constants,
  });
  if (named === 'logits') return plan('logits');
  const strange = runs.map((outputs) => probabilityIssue(outputs, output)).find((issue) => issue !== undefined);
  return strange === undefined ? plan('probabilities') : { issue: strange };
}

/** Pillow resizes for Ultralytics and torchvision. v5, whose files have a stride but no task, resizes with OpenCV. */
function withAntialias(input: ModelInput, { metadata }: Model): ModelInput {
  const isFilling = input.resize === 'crop' || input.resize === 'stretch';
  const isV5 = metadata['stride'] !== undefined && metadata['task'] === undefined;
  return isFilling && !isV5 ? { ...input, isAntialiased: true } : input;
}

/** Logits are not taken for probabilities: the softmax of a list of probabilities would look like another, flatter one. */
function probabilityIssue(outputs: Outputs, output: string): string | undefined {
  const values = outputs[output]?.data ?? new Float32Array(0);
  const sum = values.reduce((total, value) => total + value, 0);
  if (Math.abs(sum - 1) <= sumSlack && values.every((value) => value >= -sumSlack)) return undefined;
  const seen = `the values of output ${output} add up to ${Number(sum.toPrecision(3))}; probabilities add up to 1`;
  return `${seen}. For logits, set "output_format": "logits" in model.json`;
}

/**
 * @returns the `topK` most likely classes, best first, without those whose score is not a finite number.
 * @throws Error when the model did not return the output, or another number of classes than when it was planned.
 */
export function readClasses({ format, names }: ClassPlan, outputs: Outputs, topK: number): ClassScore[] {
  const tensor = outputs[format.output];
  if (tensor === undefined) throw new Error(`the model returned no output ${format.output}`);
  const { data } = tensor;
  if (data.length !== format.classes) {
    throw new Error(
      `output ${format.output} has ${data.length} values; it had ${format.classes} when the model was loaded`,
    );
  }
  const scores = format.name === 'logits' ? softmax(data) : data;
  const scoreAt = (index: number) => scores[index] as number;
  return Array.from(scores.keys())
    .filter((index) => Number.isFinite(scoreAt(index)))
    .sort((a, b) => scoreAt(b) - scoreAt(a))
    .slice(0, topK)
    .map((index) => ({ label: names[index] ?? `class ${index}`, score: clamp(scoreAt(index), 1) }));
}

function softmax(logits: Float32Array): Float32Array {
  const highest = logits.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const powers = logits.map((value) => Math.exp(value - highest));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}
