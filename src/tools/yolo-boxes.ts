/** What the YOLO tools that find boxes have in common: params, thresholds, and the way from an image to detections. Worker threads. */
import { z } from 'zod';
import type { Model } from '../models/model.ts';
import { inputSize } from '../models/model-files.ts';
import { BoxDecoder } from '../models/yolo/box-decoder.ts';
import { type BoxReader, type ReportLimits, readDetections } from '../models/yolo/box-reader.ts';
import { type BoxPlan, planBoxes } from '../models/yolo/plan.ts';
import { Preprocessor } from '../models/yolo/preprocess.ts';
import type { BoxTask } from '../models/yolo/task.ts';
import { samplePicture } from './sample-picture.ts';
import type { Ports, PortValues, Tool, ToolInstance } from './tool.ts';

/** A folder or `.onnx` file in the models folder. */
export const modelName = z.string().min(1);

/** Params of every such tool. */
export const boxParams = {
  model: modelName,
  score_threshold: z.number().min(0).max(1).optional(),
  iou_threshold: z.number().min(0).max(1).optional(),
  /** Input height and width in pixels if the file leaves them free. A larger input detects smaller objects and takes proportionally longer. */
  imgsz: inputSize.optional(),
  max_detections: z.number().int().min(1).max(1000).default(100),
  /** Report only these classes, by name. */
  classes: z.array(z.string()).min(1).optional(),
};

const anyBoxParams = z.strictObject(boxParams);
export type BoxParams = z.infer<typeof anyBoxParams>;

/** Used if neither the node nor `model.json` sets them. Ultralytics' `predict` has the same score threshold, but an IoU threshold of 0.7. */
const defaultScoreThreshold = 0.25;
const defaultIouThreshold = 0.45;

/** Disables NMS for models that need none: no IoU exceeds 1. */
const noNms = 1;

class BoxTool implements ToolInstance {
  readonly #model: Model;
  readonly #plan: BoxPlan;
  readonly #limits: ReportLimits;
  readonly #decoder: BoxDecoder;
  readonly #preprocessor: Preprocessor;
  readonly #reader: BoxReader;

  constructor(model: Model, plan: BoxPlan, limits: ReportLimits, reader: BoxReader) {
    this.#model = model;
    this.#plan = plan;
    this.#limits = limits;
    this.#decoder = new BoxDecoder(plan.format, plan.input);
    this.#preprocessor = new Preprocessor(plan.input, model);
    this.#reader = reader;
  }

  async run({ image }: Ports): Promise<PortValues> {
    const { constants, input, keypoints, names } = this.#plan;
    const { tensor, placement } = this.#preprocessor.preprocess(image);
    const outputs = await this.#model.run({ ...constants, [input.name]: tensor });
    const candidates = this.#decoder.decode(outputs, this.#limits.scoreThreshold);
    const run = { outputs, candidates, placement, frame: image };
    const detections = readDetections(this.#reader, run, names, this.#limits);
    return { detections, ...(keypoints?.names && { keypoint_names: keypoints.names }) };
  }
}

/** The part of a box tool's definition that is its own. */
export interface BoxToolParts<Params extends BoxParams>
  extends Pick<Tool<Params>, 'toolId' | 'description' | 'failureDetail' | 'params'> {
  readonly task: BoxTask;
  /** Outputs besides `detections`. */
  readonly outputs?: readonly string[];
  /** Reads what the task adds to a box. */
  createReader(plan: BoxPlan, params: Params): BoxReader;
}

/** Defines a tool of the plugin `yolo` that runs models of one task and returns `detections`. */
export function defineBoxTool<Params extends BoxParams>(parts: BoxToolParts<Params>): Tool<Params> {
  const { task, toolId, description, failureDetail, params: schema, outputs = [], createReader } = parts;
  return {
    pluginId: 'yolo',
    toolId,
    description,
    inputs: [],
    outputs: ['detections', ...outputs],
    failureDetail,
    params: schema,
    check: (params, { models }) => models.check(params.model),
    async create(params, { models }) {
      const model = await models.load(params.model);
      const overrides = { ...model.overrides, imgsz: params.imgsz ?? model.overrides.imgsz };
      const plan = await planBoxes(model, task, overrides, await samplePicture());
      if ('issue' in plan) throw new Error(`model "${params.model}": ${plan.issue}`);
      const unknown = unknownClassIssue(params.classes, plan.names);
      if (unknown !== undefined) throw new Error(`model "${params.model}": ${unknown}`);
      return new BoxTool(model, plan, limitsOf(params, plan, model), createReader(plan, params));
    },
  };
}

/** Maximum class names in an error. */
const maxNamesShown = 10;

/** A misspelled class would never be reported. A model without names is not checked. */
function unknownClassIssue(classes: readonly string[] | undefined, names: readonly string[]): string | undefined {
  const unknown = classes?.find((name) => names.length > 0 && !names.includes(name));
  if (unknown === undefined) return undefined;
  const rest = names.length > maxNamesShown ? ', …' : '';
  return `it has no class "${unknown}"; it has ${names.slice(0, maxNamesShown).join(', ')}${rest}`;
}

function limitsOf(params: BoxParams, { format }: BoxPlan, { overrides }: Model): ReportLimits {
  const defaultIou = format.needsNms ? defaultIouThreshold : noNms;
  return {
    scoreThreshold: params.score_threshold ?? overrides.score_threshold ?? defaultScoreThreshold,
    iouThreshold: params.iou_threshold ?? overrides.iou_threshold ?? defaultIou,
    maxDetections: params.max_detections,
    allowedLabels: params.classes === undefined ? undefined : new Set(params.classes),
  };
}
