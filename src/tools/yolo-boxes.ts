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
  /** Whether a frame in which nothing was found for sure is looked at again, at half the input size, for objects that are too large for the model. */
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

/** The second look, and the score from which the first one is so sure that there is none. */
interface SecondLook {
  readonly look: Look;
  readonly sureScore: number;
}

class BoxTool implements ToolInstance {
  readonly #first: Look;
  readonly #second: SecondLook | undefined;
  readonly #keypointNames: readonly string[] | undefined;

  constructor(first: Look, second: SecondLook | undefined, keypointNames: readonly string[] | undefined) {
    this.#first = first;
    this.#second = second;
    this.#keypointNames = keypointNames;
  }

  async run({ image }: Ports): Promise<PortValues> {
    return {
      detections: await this.#detect(image),
      ...(this.#keypointNames && { keypoint_names: this.#keypointNames }),
    };
  }

  async #detect(image: Image): Promise<Detection[]> {
    const found = await this.#first.detect(image);
    const second = this.#second;
    if (second === undefined || found.some(({ score }) => score >= second.sureScore)) return found;
    const large = largeOnly(await second.look.detect(image), image);
    return [...large, ...found.filter((detection) => !large.some((whole) => isPartOf(detection, whole)))];
  }
}

/** Whether a detection is a piece of a larger one, or the same. */
function isPartOf({ label, x, y, w, h }: Detection, whole: Detection): boolean {
  const isInside = (center: number, start: number, length: number) => center >= start && center <= start + length;
  return label === whole.label && isInside(x + w / 2, whole.x, whole.w) && isInside(y + h / 2, whole.y, whole.h);
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
      const lookWith = (own: BoxPlan, ownLimits: ReportLimits) =>
        new Look(model, own, ownLimits, createReader(own, params));
      const first = lookWith(plan, limits);
      if (!params.second_look) return new BoxTool(first, undefined, plan.keypoints?.names);
      const half = await planOrThrow(model, task, { ...overrides, imgsz: halfSizeOf(plan.input) }, 'second_look: ');
      const sureScore = Math.max(limits.scoreThreshold, ownThresholdOf(model));
      const look = lookWith(half, { ...limits, scoreThreshold: sureScore });
      return new BoxTool(first, { look, sureScore }, plan.keypoints?.names);
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
