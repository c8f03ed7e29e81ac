/** A model's report as text and as JSON. */
import type { DetectorPlan } from '../models/detector.ts';
import type { InputLayout } from '../models/detector-input.ts';
import type { TensorShape } from '../models/model.ts';
import type { ModelReport } from './model-report.ts';
import { printable } from './printable.ts';

/** Maximum class names in the text. */
const namesShown = 5;

/** `3: plate, face, car`, cut after a few names. Names are untrusted, so terminal escapes are removed. */
export function describeClasses(names: readonly string[], format: DetectorPlan['format']): string {
  const count = names.length > 0 || format.name === 'end-to-end' ? names.length : format.classes;
  if (names.length === 0) return count === 0 ? 'not named' : `${count}, not named`;
  const rest = names.length > namesShown ? ', ...' : '';
  return `${count}: ${names.slice(0, namesShown).map(printable).join(', ')}${rest}`;
}

/** `images [1, 3, 640, 640]` */
export function describeShape({ name, dims }: TensorShape): string {
  return `${name} [${dims.join(', ')}]`;
}

/** How an image is preprocessed: `640x480, RGB, 0-1, letterbox center`. */
export function describeInput({ input }: DetectorPlan): string {
  return `${input.width}x${input.height}, ${describeLayout(input.layout)}, letterbox ${input.alignment}`;
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
  const { name, path, bytes, producer, opset, metadata, inputs, outputs, provider, detector, time } = report;
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
    ...('issue' in detector
      ? { output_format: null, format: null, no_detector: detector.issue }
      : jsonOfDetector(detector)),
  };
}

function jsonOfDetector({ format, names, input }: DetectorPlan): object {
  const { width, height, layout, alignment } = input;
  const scale = layout.kind === 'nchw' ? layout.normalization : {};
  return {
    output_format: format.name,
    // Deprecated: the old name of `output_format`.
    head: format.name,
    classes: names,
    input: { width, height, layout: layout.kind, ...scale, letterbox: alignment },
  };
}
