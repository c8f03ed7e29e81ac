/** A model's report as text and as JSON. */
import type { TensorShape } from '../models/model.ts';
import type { InputLayout, ModelInput } from '../models/yolo/input.ts';
import { classCountOf } from '../models/yolo/output-format.ts';
import { toolOfTask } from '../models/yolo/task.ts';
import type { ModelPlan } from '../tools/plan-model.ts';
import type { ModelReport } from './model-report.ts';
import { printable } from './printable.ts';

/** Maximum class names in the text. */
const namesShown = 5;

/** `3: plate, face, car`, cut after a few names. Names are untrusted, so terminal escapes are removed. */
export function describeClasses(plan: ModelPlan): string {
  const { names } = plan;
  const count = names.length || classesOf(plan);
  if (names.length === 0) return count === undefined ? 'not named' : `${count}, not named`;
  const rest = names.length > namesShown ? ', ...' : '';
  return `${count}: ${names.slice(0, namesShown).map(printable).join(', ')}${rest}`;
}

/** The number of classes, if the outputs tell. */
function classesOf(plan: ModelPlan): number | undefined {
  return plan.task === 'classify' ? plan.format.classes : classCountOf(plan.format);
}

/** `images [1, 3, 640, 640]` */
export function describeShape({ name, dims }: TensorShape): string {
  return `${name} [${dims.join(', ')}]`;
}

const resizeText = {
  letterbox: 'letterbox center',
  'top-left': 'letterbox top-left',
  stretch: 'stretched',
  crop: 'center crop',
} as const;

/** How an image is preprocessed: `640x480, RGB, 0-1, letterbox center`. */
export function describeInput({ input }: Pick<ModelPlan, 'input'>): string {
  return `${input.width}x${input.height}, ${describeLayout(input.layout)}, ${resizeText[input.resize]}`;
}

function describeLayout(layout: InputLayout): string {
  if (layout.kind === 'nhwc') return 'RGB bytes';
  const { mean, std, order } = layout.normalization;
  return `${order.toUpperCase()}, ${describeScale(mean, std)}`;
}

function describeScale(mean: readonly number[], std: readonly number[]): string {
  const plain = mean.every((value) => value === 0);
  if (plain && std.every((value) => value === 1)) return '0-1';
  if (plain && std.every((value) => value === 1 / 255)) return '0-255';
  return `mean [${mean.join(', ')}], std [${std.join(', ')}]`;
}

/** What a script reads; times in milliseconds. */
export function jsonOfReport(report: ModelReport): object {
  const { name, path, bytes, producer, opset, metadata, inputs, outputs, provider, plan, time } = report;
  return {
    name,
    path,
    bytes,
    producer,
    opset,
    metadata,
    inputs,
    outputs,
    provider,
    ...('issue' in time ? { ms_per_run: null, not_timed: time.issue } : { ms_per_run: time.msPerRun }),
    ...('issue' in plan
      ? { task: null, tool: null, output_format: null, format: null, no_tool: plan.issue, no_detector: plan.issue }
      : jsonOfPlan(plan)),
  };
}

function jsonOfPlan({ task, format, names, input }: ModelPlan): object {
  const { width, height, layout, resize } = input;
  const scale = layout.kind === 'nchw' ? layout.normalization : {};
  return {
    task,
    tool: toolOfTask[task],
    output_format: format.name,
    // Deprecated: the old name of `output_format`.
    head: format.name,
    classes: names,
    input: { width, height, layout: layout.kind, ...scale, ...jsonOfResize(resize) },
  };
}

function jsonOfResize(resize: ModelInput['resize']): object {
  if (resize === 'stretch' || resize === 'crop') return { resize };
  return { resize: 'letterbox', letterbox: resize === 'letterbox' ? 'center' : 'top-left' };
}
