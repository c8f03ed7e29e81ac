/** Determines how to run a YOLO model or DETR: its output format, classes and input. Worker threads. */
import type { Image } from '../image.ts';
import { parseClassNames, parseKeypointNames, parsePair } from '../metadata.ts';
import type { Model, Outputs } from '../model.ts';
import type { ModelOverrides } from '../model-files.ts';
import { BoxDecoder } from './box-decoder.ts';
import { describeExpected } from './expected-shapes.ts';
import { familyOf } from './family.ts';
import type { FitHints, OutputShape } from './fit-hints.ts';
import { namesLeftBy } from './format-hints.ts';
import { classFormatNames } from './format-names.ts';
import { blankInput, type InputShape, type Issue, inputFor, inputShapeOf, type ModelInput } from './input.ts';
import { fitFormats, prototypesOf } from './output-fit.ts';
import { type BoxFormat, classCountOf } from './output-format.ts';
import { judgeBoxes } from './plausibility.ts';
import { Preprocessor } from './preprocess.ts';
import { tableIssue } from './table-check.ts';
import { type BoxTask, taskIssue, toolOfTask } from './task.ts';

/** Everything needed to turn an image into boxes, except the thresholds. */
export interface BoxPlan {
  readonly task: BoxTask;
  readonly format: BoxFormat;
  /** Class names by index; empty if neither the file nor `model.json` has names. */
  readonly names: readonly string[];
  readonly input: ModelInput;
  /** Tensors of the other inputs. */
  readonly constants: InputShape['constants'];
  readonly keypoints?: Keypoints;
}

/** The keypoints of a pose. */
export interface Keypoints {
  readonly count: number;
  /** 2: x, y. 3: x, y, score. */
  readonly values: number;
  readonly names?: readonly string[];
}

/** A plan under construction. */
interface Draft {
  readonly model: Model;
  readonly overrides: ModelOverrides;
  readonly task: BoxTask;
  readonly shape: InputShape;
  readonly names: readonly string[] | undefined;
  readonly keypoints?: Keypoints;
}

/**
 * Runs the model on a blank image and on a picture: the first gives the real output shapes, which the file may leave free; both show
 * whether the outputs are boxes of the format that fits the shapes.
 * @param picture shows objects, so that a wrong format gives itself away.
 * @returns the plan, or a one-line reason why the model cannot be used for this task.
 */
export async function planBoxes(
  model: Model,
  task: BoxTask,
  overrides: ModelOverrides,
  picture: Image,
): Promise<BoxPlan | Issue> {
  const wrongTask = wrongTaskIssue(model, task, overrides);
  if (wrongTask !== undefined) return { issue: wrongTask };
  const shape = inputShapeOf(model, overrides);
  if ('issue' in shape) return shape;
  const keypoints = task === 'pose' ? keypointsOf(model, overrides) : undefined;
  if (keypoints !== undefined && 'issue' in keypoints) return keypoints;
  const names = overrides.names ?? parseClassNames(model.metadata['names']);
  const draft = { model, overrides, task, shape, names, ...(keypoints && { keypoints }) };
  const blank = await model.run({ ...shape.constants, [shape.name]: blankInput(shape) });
  const formats = fittingFormats(draft, blank);
  return 'issue' in formats ? formats : choosePlan(draft, formats, blank, picture);
}

/** A format that `model.json` names says more than the task in the file. */
function wrongTaskIssue(
  { metadata }: Model,
  task: BoxTask,
  { output_format: named }: ModelOverrides,
): string | undefined {
  if (named === undefined) return taskIssue(metadata['task'], task);
  const isClassFormat = classFormatNames.some((name) => name === named);
  return isClassFormat ? `output_format "${named}" is one of classifiers; use ${toolOfTask.classify}` : undefined;
}

function keypointsOf({ metadata }: Model, { keypoint_shape, keypoint_names }: ModelOverrides): Keypoints | Issue {
  const [count, values] = keypoint_shape ?? parsePair(metadata['kpt_shape']) ?? [];
  if (count === undefined || (values !== 2 && values !== 3)) {
    return { issue: 'its metadata has no kpt_shape; set keypoint_shape in model.json, for example to [17, 3]' };
  }
  const names = keypoint_names ?? parseKeypointNames(metadata['kpt_names']);
  if (names !== undefined && names.length !== count) {
    return { issue: `it has ${count} keypoints, but names ${names.length}` };
  }
  return { count, values, ...(names && { names }) };
}

/** The formats that fit the shapes of the outputs and the number of classes. */
function fittingFormats(draft: Draft, outputs: Outputs): readonly BoxFormat[] | Issue {
  const { model, overrides, task, shape, names, keypoints } = draft;
  const shapes = model.outputs.map((output): OutputShape => ({ ...output, dims: outputs[output.name]?.dims ?? [] }));
  const hints: FitHints = {
    task,
    inputWidth: shape.width,
    inputHeight: shape.height,
    poseValues: keypoints === undefined ? 0 : keypoints.count * keypoints.values,
    names: namesLeftBy(model.metadata, overrides.output_format),
  };
  const isUndeclared = model.metadata['task'] === undefined && overrides.output_format === undefined;
  const masks = isUndeclared && task !== 'segment' ? prototypesOf(shapes) : undefined;
  if (masks !== undefined) {
    return { issue: `output ${masks.name} [${masks.dims.join(', ')}] has masks; use ${toolOfTask.segment}` };
  }
  const formats = fitFormats(shapes, hints);
  if (names === undefined && formats.length > 0) return formats;
  const named = formats.filter((format) => (classCountOf(format) ?? names?.length) === names?.length);
  if (named.length > 0) return named;
  const counts = formats.map(({ boxes, ...format }) => `output ${boxes.output} has ${classCountOf(format)} classes`);
  return {
    issue: counts.length === 0 ? describeExpected(shapes, hints) : `${counts[0]}, but the model names ${names?.length}`,
  };
}

/** Leaves the formats whose boxes are plausible. A file that still fits several is not guessed. */
async function choosePlan(
  draft: Draft,
  formats: readonly BoxFormat[],
  blank: Outputs,
  picture: Image,
): Promise<BoxPlan | Issue> {
  const plans: BoxPlan[] = [];
  const issues: string[] = [];
  for (const format of formats) {
    const plan = await tryFormat(draft, format, blank, picture);
    if ('issue' in plan) issues.push(plan.issue);
    else plans.push(plan);
  }
  const [plan, other] = plans;
  if (plan === undefined) return { issue: issues.join('; ') };
  if (other === undefined) return plan;
  const fits = plans.map(({ format }) => `"${format.name}"`).join(' and ');
  return { issue: `its outputs fit ${fits}; set output_format in model.json` };
}

async function tryFormat(draft: Draft, format: BoxFormat, blank: Outputs, picture: Image): Promise<BoxPlan | Issue> {
  const { model, overrides, task, shape, names, keypoints } = draft;
  const family = familyOf(format, model, overrides);
  if ('issue' in family) return family;
  const { constants } = shape;
  const input = inputFor(family, shape, overrides);
  const { tensor } = new Preprocessor(input).preprocess(picture);
  const seen = await model.run({ ...constants, [input.name]: tensor });
  for (const outputs of [blank, seen]) {
    const issue = tableIssue(format, outputs) ?? judgeRun(draft, format, outputs, input);
    if (issue !== undefined) return { issue: `read as "${format.name}", ${issue}` };
  }
  return { task, format, names: names ?? [], input, constants, ...(keypoints && { keypoints }) };
}

function judgeRun({ names }: Draft, format: BoxFormat, outputs: Outputs, input: ModelInput): string | undefined {
  const candidates = new BoxDecoder(format, input).decode(outputs, Number.NEGATIVE_INFINITY);
  return judgeBoxes(candidates, outputs, format, input, names?.length);
}
