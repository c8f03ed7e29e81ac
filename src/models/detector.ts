/** Determines how to run a YOLO model: its output format, classes and input. Worker threads. */
import {
  blankInput,
  type DetectorInput,
  type InputShape,
  type Issue,
  inputFor,
  inputShapeOf,
} from './detector-input.ts';
import { parseClassNames } from './metadata.ts';
import type { Model } from './model.ts';
import type { ModelOverrides } from './model-files.ts';
import { detectOutputFormat, type OutputFormat, type OutputHints } from './output-format.ts';

/** Everything needed to turn an image into boxes, except the thresholds. */
export interface DetectorPlan {
  readonly format: OutputFormat;
  /** Class names by index; empty if neither the file nor `model.json` has names. */
  readonly names: readonly string[];
  readonly input: DetectorInput;
  readonly output: { readonly name: string; readonly dims: readonly number[] };
}

/**
 * Runs the model once on a blank image to get the real output shape, which the file may leave free.
 * @returns the plan, or a one-line reason why the model cannot be used as a detector.
 */
export async function planDetector(model: Model, overrides: ModelOverrides): Promise<DetectorPlan | Issue> {
  const task = model.metadata['task'];
  if (task !== undefined && task !== 'detect' && overrides.output_format === undefined) {
    return { issue: `its metadata declares the task "${task}"; expected "detect"` };
  }
  const [input, ...others] = model.inputs;
  if (input === undefined || others.length > 0) {
    const names = model.inputs.map(({ name }) => name).join(', ');
    return { issue: `it has ${model.inputs.length} inputs (${names}); expected one image input` };
  }
  const shape = inputShapeOf(input, model, overrides);
  if ('issue' in shape) return shape;
  const found = await findOutputFormat(model, shape, overrides);
  if ('issue' in found) return found;
  return {
    format: found.format,
    names: found.names ?? [],
    input: inputFor(found.format, shape, overrides),
    output: found.output,
  };
}

interface FoundFormat {
  readonly format: OutputFormat;
  readonly names: readonly string[] | undefined;
  readonly output: DetectorPlan['output'];
}

/** Finds the first output with a known format: old v5 exports also have the raw feature maps as outputs. */
async function findOutputFormat(
  model: Model,
  input: InputShape,
  overrides: ModelOverrides,
): Promise<FoundFormat | Issue> {
  const { name, width, height } = input;
  const outputs = await model.run({ [name]: blankInput(input) });
  const names = overrides.names ?? parseClassNames(model.metadata['names']);
  const hints: OutputHints = {
    inputWidth: width,
    inputHeight: height,
    classNames: names?.length,
    format: overrides.output_format,
    endToEnd: model.metadata['end2end'] === 'True',
  };
  let firstIssue: Issue | undefined;
  for (const declared of model.outputs) {
    const dims = outputs[declared.name]?.dims ?? [];
    const format = detectOutputFormat({ ...declared, dims }, hints);
    if (!('issue' in format)) return { format, names, output: { name: declared.name, dims } };
    firstIssue ??= format;
  }
  return firstIssue ?? { issue: 'it has no output' };
}
