/** A model's report in words and as JSON. */
import type { DetectorPlan } from '../models/detector.ts';
import type { InputLayout } from '../models/detector-input.ts';
import type { TensorShape } from '../models/onnx-model.ts';
import type { ModelReport } from './model-report.ts';
import { printable } from './printable.ts';

/** Names beyond these are counted only. */
const namesShown = 5;

/** `3: plate, face, car`, cut where there are many. A name may hold anything, a terminal's escape sequences too. */
export function describeClasses(names: readonly string[], head: DetectorPlan['head']): string {
  const count = names.length > 0 || head.layout === 'end-to-end' ? names.length : head.classes;
  if (names.length === 0) return count === 0 ? 'not named' : `${count}, not named`;
  const rest = names.length > namesShown ? ', ...' : '';
  return `${count}: ${names.slice(0, namesShown).map(printable).join(', ')}${rest}`;
}

/** `images [1, 3, 640, 640]` */
export function describeShape({ name, dims }: TensorShape): string {
  return `${name} [${dims.join(', ')}]`;
}

/** How the picture is put into the input: `640 x 480, RGB, 0 to 1, centred`. */
export function describeInput({ input }: DetectorPlan): string {
  const place = input.alignment === 'centre' ? 'centred' : 'at the top left';
  return `${input.width} x ${input.height}, ${describeLayout(input.layout)}, ${place}`;
}

function describeLayout(layout: InputLayout): string {
  if (layout.kind === 'pixels') return 'RGB pixels as they are';
  const { mean, std, order } = layout.normalization;
  return `${order.toUpperCase()}, ${describeScale(mean, std)}`;
}

function describeScale(mean: readonly number[], std: readonly number[]): string {
  const plain = mean.every((value) => value === 0);
  if (plain && std.every((value) => value === 1)) return '0 to 1';
  if (plain && std.every((value) => value === 1 / 255)) return '0 to 255';
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
    ...('issue' in detector ? { head: null, no_detector: detector.issue } : jsonOfDetector(detector)),
  };
}

function jsonOfDetector({ head, names, input }: DetectorPlan): object {
  const { width, height, layout, alignment } = input;
  const scale = layout.kind === 'planes' ? layout.normalization : {};
  return {
    head: head.layout,
    classes: names,
    input: { width, height, layout: layout.kind, ...scale, letterbox: alignment },
  };
}
