/** Models without ONNX Runtime: they return plausible boxes of any output format, and record what they were given. Tests only. */

import { unitRgb } from '../../src/models/image-tensor.ts';
import { InputBuffers } from '../../src/models/input-buffers.ts';
import type { Inputs, Model, Outputs, Tensor, TensorShape } from '../../src/models/model.ts';
import type { BoxFormatName } from '../../src/models/yolo/format-names.ts';
import { boxFormatNames } from '../../src/models/yolo/format-names.ts';
import { fitFormats } from '../../src/models/yolo/output-fit.ts';
import type { BoxFormat } from '../../src/models/yolo/output-format.ts';
import type { BoxPlan } from '../../src/models/yolo/plan.ts';
import type { BoxTask } from '../../src/models/yolo/task.ts';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** `[1, rows, values]` */
export function rowsTensor(...rows: (readonly number[])[]): Tensor {
  return { data: Float32Array.from(rows.flat()), dims: [1, rows.length, rows[0]?.length ?? 0] };
}

/** `[1, values, rows]` */
export function columnsTensor(...rows: (readonly number[])[]): Tensor {
  const values = rows[0]?.length ?? 0;
  const data = Float32Array.from({ length: values * rows.length }, (_, at) => {
    return rows[at % rows.length]?.[Math.floor(at / rows.length)] as number;
  });
  return { data, dims: [1, values, rows.length] };
}

export interface BoxCounts {
  /** Rows of the output. */
  readonly boxes: number;
  readonly classes: number;
  /** Values after the scores. */
  readonly extras?: number;
}

interface FakeBox {
  readonly center: readonly [cx: number, cy: number, w: number, h: number];
  readonly corners: readonly [x1: number, y1: number, x2: number, y2: number];
  readonly fractions: readonly number[];
  readonly score: number;
  readonly label: number;
  readonly scores: readonly number[];
  readonly extras: readonly number[];
}

/** Boxes of a quarter of each side, all over the input. */
function fakeBoxes({ boxes, classes, extras = 0 }: BoxCounts, { width, height }: Size): FakeBox[] {
  return Array.from({ length: boxes }, (_, index): FakeBox => {
    const [acrossX, acrossY] = [0.2 + 0.6 * ((0.37 * index) % 1), 0.2 + 0.6 * ((0.23 * index) % 1)];
    const [cx, cy, w, h] = [acrossX * width, acrossY * height, width / 4, height / 4];
    const score = index === 0 ? 0.9 : 0.1 + 0.2 * ((0.61 * index) % 1);
    const label = index % classes;
    return {
      center: [cx, cy, w, h],
      corners: [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2],
      fractions: [acrossX, acrossY, 0.25, 0.25],
      score,
      label,
      scores: Array.from({ length: classes }, (_, other) => (other === label ? score : score / 4)),
      extras: Array.from({ length: extras }, (_, at) => 0.1 + 0.01 * at),
    };
  });
}

/** Outputs of a format with plausible boxes, by the names that exporters give them. */
export function boxOutputs(name: BoxFormatName, counts: BoxCounts, input: Size): Outputs {
  const boxes = fakeBoxes(counts, input);
  const rows = (row: (box: FakeBox) => readonly number[]) => rowsTensor(...boxes.map(row));
  switch (name) {
    case 'ultralytics':
      return {
        output0: columnsTensor(...boxes.map(({ center, scores, extras }) => [...center, ...scores, ...extras])),
      };
    case 'yolov5':
      return { output0: rows(({ center, scores, extras }) => [...center, 0.9, ...scores, ...extras]) };
    case 'yolox':
      // The smallest cells are 8 pixels.
      return { output: rows(({ scores }) => [0.4, 0.6, 0.3, -0.2, 0.9, ...scores]) };
    case 'end-to-end':
      return { output0: rows(({ corners, score, label, extras }) => [...corners, score, label, ...extras]) };
    case 'detr-scores':
      return { output0: rows(({ fractions, scores }) => [...fractions, ...scores]) };
    case 'detr-top-k':
      return { output0: rows(({ fractions, score, label }) => [...fractions, score, label]) };
    case 'detr-logits':
      return { dets: rows(({ fractions }) => fractions), labels: rows(({ scores }) => scores.map(logitOf)) };
    case 'boxes-scores':
      return { boxes: rows(({ corners }) => corners), scores: rows(({ scores }) => scores) };
    case 'boxes-labels':
      return {
        labels: listOf(boxes.map(({ label }) => label)),
        boxes: rows(({ corners }) => corners),
        scores: listOf(boxes.map(({ score }) => score)),
      };
    case 'paddle': {
      const { data, dims } = rows(({ label, score, corners }) => [label, score, ...corners]);
      return { boxes: { data, dims: dims.slice(1) } };
    }
  }
}

function logitOf(score: number): number {
  return Math.log(score / (1 - score));
}

/** `[1, values]` */
function listOf(values: readonly number[]): Tensor {
  return { data: Float32Array.from(values), dims: [1, values.length] };
}

export interface FakeModelParts {
  readonly inputs?: readonly TensorShape[];
  readonly outputs: Outputs;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** An image input. */
export function imageInput({ width, height }: Size): TensorShape {
  return { name: 'images', type: 'float32', dims: [1, 3, height, width] };
}

/** A model that returns the same outputs for every image, and whose file leaves their sizes free. */
export function fakeModel({
  inputs = [imageInput({ width: 64, height: 64 })],
  outputs,
  metadata = {},
}: FakeModelParts) {
  const runs: Inputs[] = [];
  const buffers = new InputBuffers(inputs);
  const model: Model = {
    name: 'mine',
    provider: 'cpu',
    inputs,
    outputs: Object.entries(outputs).map(([name, { dims }]) => ({
      name,
      type: 'float32',
      dims: dims.map((_, at) => `d${at}`),
    })),
    metadata,
    overrides: {},
    allocate: (name, dims) => buffers.allocate(name, dims),
    async run(tensors) {
      runs.push(tensors);
      return outputs;
    },
  };
  return { model, runs };
}

/** Shapes of outputs as a run returned them. */
export function shapesOf(outputs: Outputs): (TensorShape & { readonly dims: readonly number[] })[] {
  return Object.entries(outputs).map(([name, { dims }]) => ({ name, type: 'float32', dims }));
}

/** The format that outputs have if `model.json` names it. */
export function formatOf(name: BoxFormatName, outputs: Outputs, input: Size, task: BoxTask = 'detect'): BoxFormat {
  const { width: inputWidth, height: inputHeight } = input;
  const names = boxFormatNames.filter((each) => each === name);
  const [format] = fitFormats(shapesOf(outputs), { task, inputWidth, inputHeight, poseValues: 0, names });
  if (format === undefined) throw new Error(`the outputs do not fit ${name}`);
  return format;
}

/** A plan for 64x64 pixels without class names. */
export function boxPlan(name: BoxFormatName, classes = 1): BoxPlan {
  const size = { width: 64, height: 64 };
  const outputs = boxOutputs(name, { boxes: 20, classes }, size);
  const layout = { kind: 'nchw', normalization: unitRgb } as const;
  return {
    task: 'detect',
    format: formatOf(name, outputs, size),
    names: [],
    input: { name: 'images', ...size, layout, resize: 'letterbox' },
    constants: {},
  };
}
