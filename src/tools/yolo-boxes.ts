/** What the YOLO tools that find boxes have in common: params, thresholds, and the way from an image to detections. Worker threads. */
import { z } from 'zod';
import type { Image } from '../models/image.ts';
import type { Model } from '../models/model.ts';
import { inputSize, type ModelOverrides } from '../models/model-files.ts';
import { BoxDecoder } from '../models/yolo/box-decoder.ts';
import { type BoxReader, type ReportLimits, readDetections } from '../models/yolo/box-reader.ts';
import type { Size } from '../models/yolo/frame-box.ts';
import { type BoxPlan, planBoxes } from '../models/yolo/plan.ts';
import { Preprocessor } from '../models/yolo/preprocess.ts';
import type { BoxTask } from '../models/yolo/task.ts';
import type { Detection } from '../protocol.ts';
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
  /** Whether a frame in which nothing was found is looked at again, at half the input size, for objects that are too large for the model. */
  second_look: z.boolean().default(false),
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

/** One size at which the model looks at frames. */
class Look {
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

  async detect(image: Image): Promise<Detection[]> {
    const { constants, input, names } = this.#plan;
    const { tensor, placement } = this.#preprocessor.preprocess(image);
    const outputs = await this.#model.run({ ...constants, [input.name]: tensor });
    const candidates = this.#decoder.decode(outputs, this.#limits.scoreThreshold);
    return readDetections(this.#reader, { outputs, candidates, placement, frame: image }, names, this.#limits);
  }
}

class BoxTool implements ToolInstance {
  readonly #first: Look;
  readonly #second: Look | undefined;
  readonly #keypointNames: readonly string[] | undefined;

  constructor(first: Look, second: Look | undefined, keypointNames: readonly string[] | undefined) {
    this.#first = first;
    this.#second = second;
    this.#keypointNames = keypointNames;
  }

  async run({ image }: Ports): Promise<PortValues> {
    const found = await this.#first.detect(image);
    const isAgain = found.length === 0 && this.#second !== undefined;
    const detections = isAgain ? largeOnly(await this.#second.detect(image), image) : found;
    return { detections, ...(this.#keypointNames && { keypoint_names: this.#keypointNames }) };
  }
}

/**
 * Least width or height of an object of the second look, as a share of the image's. Smaller ones are seen better at full size: if the
 * first look did not find them, they are mistakes.
 */
const minSecondShare = 0.25;

/** The detections that are so large that the first look may have missed them. Exported for tests. */
export function largeOnly(detections: readonly Detection[], { width, height }: Size): Detection[] {
  return detections.filter(({ w, h }) => w >= minSecondShare * width || h >= minSecondShare * height);
}

/** Input sides are multiples of this in nearly all YOLO models with a free size. */
const sideMultiple = 32;

/** Half the size of an input, `[height, width]`, rounded up. */
function halfSizeOf({ width, height }: Size): [height: number, width: number] {
  const halfOf = (side: number) => Math.ceil(side / 2 / sideMultiple) * sideMultiple;
  return [halfOf(height), halfOf(width)];
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
      const plan = await planOrThrow(model, task, overrides);
      const unknown = unknownClassIssue(params.classes, plan.names);
      if (unknown !== undefined) throw new Error(`model "${params.model}": ${unknown}`);
      const limits = limitsOf(params, plan, model);
      const lookWith = (own: BoxPlan) => new Look(model, own, limits, createReader(own, params));
      const second = params.second_look
        ? await planOrThrow(model, task, { ...overrides, imgsz: halfSizeOf(plan.input) }, 'second_look: ')
        : undefined;
      return new BoxTool(lookWith(plan), second && lookWith(second), plan.keypoints?.names);
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

function limitsOf(params: BoxParams, { format }: BoxPlan, { overrides }: Model): ReportLimits {
  const defaultIou = format.needsNms ? defaultIouThreshold : noNms;
  return {
    scoreThreshold: params.score_threshold ?? overrides.score_threshold ?? defaultScoreThreshold,
    iouThreshold: params.iou_threshold ?? overrides.iou_threshold ?? defaultIou,
    maxDetections: params.max_detections,
    allowedLabels: params.classes === undefined ? undefined : new Set(params.classes),
  };
}
