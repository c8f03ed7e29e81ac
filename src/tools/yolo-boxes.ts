/** What the YOLO tools that find boxes have in common: params, thresholds, and the way from an image to detections. Worker threads. */
import { z } from 'zod';
import type { Model } from '../models/model.ts';
import { inputSize, type ModelOverrides } from '../models/model-files.ts';
import type { BoxReader, ReportLimits } from '../models/yolo/box-reader.ts';
import type { Size } from '../models/yolo/frame-box.ts';
import { halfOf, shapesLike, sideMultipleOf } from '../models/yolo/input-shapes.ts';
import { type BoxPlan, planBoxes } from '../models/yolo/plan.ts';
import type { BoxTask } from '../models/yolo/task.ts';
import { samplePicture } from './sample-picture.ts';
import type { Tool } from './tool.ts';
import { BoxTool, Look, Looks } from './yolo-looks.ts';

/** A folder or `.onnx` file in the models folder. */
export const modelName = z.string().min(1);

/** Params of every such tool. */
export const boxParams = {
  model: modelName,
  score_threshold: z.number().min(0).max(1).optional(),
  iou_threshold: z.number().min(0).max(1).optional(),
  /** Input height and width in pixels if the file leaves them free. A larger input detects smaller objects and takes proportionally longer. */
  imgsz: inputSize.optional(),
  /** Whether a frame in which no detection is certain is looked at again, at half the input size, for objects that are too large for the model. */
  second_look: z.boolean().default(false),
  /** Whether the input is shaped like the frame, with as many pixels as `imgsz` has, instead of having bars beside the frame. */
  match_aspect: z.boolean().default(false),
  max_detections: z.number().int().min(1).max(1000).default(100),
  /** Report only these classes, by name. */
  classes: z.array(z.string()).min(1).optional(),
};

const anyBoxParams = z.strictObject(boxParams);
export type BoxParams = z.infer<typeof anyBoxParams>;

/** Used if neither the node nor `model.json` sets them. Ultralytics' `predict` has the same score threshold, but an IoU threshold of 0.7. */
const defaultScoreThreshold = 0.25;
const defaultIouThreshold = 0.45;

/** A detection is certain from this far above the threshold. A piece of a large object rarely is. */
const certainMargin = 0.1;

/** Disables NMS for models that need none: no IoU exceeds 1. */
const noNms = 1;

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
      const plan = await planOrThrow(model, task, overrides);
      const unknown = unknownClassIssue(params.classes, plan.names);
      if (unknown !== undefined) throw new Error(`model "${params.model}": ${unknown}`);
      const limits = limitsOf(params, plan, model);
      const lookAt = (where: string, own: ReportLimits) => async (size: Size) => {
        const isPlanned = size.width === plan.input.width && size.height === plan.input.height;
        const imgsz: [number, number] = [size.height, size.width];
        const planned = isPlanned ? plan : await planOrThrow(model, task, { ...overrides, imgsz }, where);
        return new Look(model, planned, own, createReader(planned, params));
      };
      const multiple = sideMultipleOf(model.metadata);
      const sizes = params.match_aspect ? shapesLike(plan.input, multiple) : [plan.input];
      const first = await Looks.create(sizes, lookAt('match_aspect: ', limits));
      if (!params.second_look) return new BoxTool(first, undefined, plan.keypoints?.names);
      const scoreThreshold = Math.max(limits.scoreThreshold, ownThresholdOf(model));
      const halves = sizes.map((size) => halfOf(size, multiple));
      const looks = await Looks.create(halves, lookAt('second_look: ', { ...limits, scoreThreshold }));
      const second = { looks, certainScore: scoreThreshold + certainMargin, maxDetections: limits.maxDetections };
      return new BoxTool(first, second, plan.keypoints?.names);
    },
  };
}

async function planOrThrow(model: Model, task: BoxTask, overrides: ModelOverrides, where = ''): Promise<BoxPlan> {
  const plan = await planBoxes(model, task, overrides, await samplePicture());
  if ('issue' in plan) throw new Error(`model "${model.name}": ${where}${plan.issue}`);
  return plan;
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

/** The score threshold of a model for which a node sets none. */
const ownThresholdOf = ({ overrides }: Model) => overrides.score_threshold ?? defaultScoreThreshold;

function limitsOf(params: BoxParams, { format }: BoxPlan, model: Model): ReportLimits {
  const { overrides } = model;
  const defaultIou = format.needsNms ? defaultIouThreshold : noNms;
  return {
    scoreThreshold: params.score_threshold ?? ownThresholdOf(model),
    iouThreshold: params.iou_threshold ?? overrides.iou_threshold ?? defaultIou,
    maxDetections: params.max_detections,
    allowedLabels: params.classes === undefined ? undefined : new Set(params.classes),
  };
}
