/** Works out how a YOLO model is used: its head, its classes and the input that it wants. Worker threads. */
import {
  type DetectorInput,
  emptyPicture,
  type InputShape,
  type Issue,
  inputFor,
  inputShapeOf,
} from './detector-input.ts';
import { parseClassNames } from './metadata.ts';
import type { ModelOverrides } from './model-files.ts';
import type { Model } from './onnx-model.ts';
import { type HeadHints, recognizeHead, type YoloHead } from './yolo-heads.ts';

/** Everything between a picture and a detector's boxes but the thresholds. */
export interface DetectorPlan {
  readonly head: YoloHead;
  /** Class names by index; empty where nothing names them. */
  readonly names: readonly string[];
  readonly input: DetectorInput;
  readonly output: { readonly name: string; readonly dims: readonly number[] };
}

/**
 * Runs the model once on an empty picture, which tells the output's real shape also where the file leaves it free.
 * @returns the plan, or why the model is no detector that can be used, in one line.
 */
export async function planDetector(model: Model, overrides: ModelOverrides): Promise<DetectorPlan | Issue> {
  const task = model.metadata['task'];
  if (task !== undefined && task !== 'detect' && overrides.output_format === undefined) {
    return { issue: `the file says that its task is "${task}", not "detect"` };
  }
  const [input, ...others] = model.inputs;
  if (input === undefined || others.length > 0) {
    const names = model.inputs.map(({ name }) => name).join(', ');
    return { issue: `it takes ${model.inputs.length} inputs (${names}); expected one picture` };
  }
  const shape = inputShapeOf(input, model, overrides);
  if ('issue' in shape) return shape;
  const found = await findHead(model, shape, overrides);
  if ('issue' in found) return found;
  return {
    head: found.head,
    names: found.names ?? [],
    input: inputFor(found.head, shape, overrides),
    output: found.output,
  };
}

interface FoundHead {
  readonly head: YoloHead;
  readonly names: readonly string[] | undefined;
  readonly output: DetectorPlan['output'];
}

/** The first output that is a head: old v5 exports have the raw feature maps behind it. */
async function findHead(model: Model, input: InputShape, overrides: ModelOverrides): Promise<FoundHead | Issue> {
  const { name, width, height } = input;
  const outputs = await model.run({ [name]: emptyPicture(input) });
  const names = overrides.names ?? parseClassNames(model.metadata['names']);
  const hints: HeadHints = {
    inputWidth: width,
    inputHeight: height,
    classNames: names?.length,
    head: overrides.output_format,
    endToEnd: model.metadata['end2end'] === 'True',
  };
  let firstIssue: Issue | undefined;
  for (const declared of model.outputs) {
    const dims = outputs[declared.name]?.dims ?? [];
    const head = recognizeHead({ ...declared, dims }, hints);
    if (!('issue' in head)) return { head, names, output: { name: declared.name, dims } };
    firstIssue ??= head;
  }
  return firstIssue ?? { issue: 'it has no output' };
}
