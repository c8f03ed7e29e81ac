/** `yolo.detect_objects`: detects objects in the image with a YOLO model. */
import { z } from 'zod';
import { type DetectorPlan, planDetector } from '../models/detector.ts';
import type { Image } from '../models/image.ts';
import type { InputTensor, Model } from '../models/model.ts';
import { inputSize } from '../models/model-files.ts';
import type { Candidates } from '../models/nms.ts';
import { nonMaxSuppression } from '../models/nms.ts';
import { OutputDecoder } from '../models/output-decoder.ts';
import { Preprocessor } from '../models/preprocess.ts';
import type { Detection } from '../protocol.ts';
import { defineTool, type Ports, type PortValues, type ToolInstance } from './tool.ts';

const paramsSchema = z.strictObject({
  /** A folder or `.onnx` file in the models folder. */
  model: z.string().min(1).default('plate-yolo'),
  score_threshold: z.number().min(0).max(1).optional(),
  iou_threshold: z.number().min(0).max(1).optional(),
  /** Input height and width in pixels if the file leaves them free. A larger input detects smaller objects and takes proportionally longer. */
  imgsz: inputSize.optional(),
  max_detections: z.number().int().min(1).max(1000).default(100),
  /** Detect only these classes, by name. */
  classes: z.array(z.string()).min(1).optional(),
});

type Params = z.infer<typeof paramsSchema>;

/** Used if neither the node nor `model.json` sets them: Ultralytics' defaults for prediction. */
const defaultScoreThreshold = 0.25;
const defaultIouThreshold = 0.45;

/** Disables NMS for exports that already include it: no IoU exceeds 1. */
const noNms = 1;

/** Maximum boxes of an end-to-end model, whose number may vary per frame. Typical exports return 300. */
const endToEndCapacity = 1000;

interface Settings {
  readonly scoreThreshold: number;
  readonly iouThreshold: number;
  readonly maxDetections: number;
  /** Labels to report; `undefined` for all. */
  readonly allowedClasses: ReadonlySet<string> | undefined;
}

class YoloDetector implements ToolInstance {
  readonly #model: Model;
  readonly #plan: DetectorPlan;
  readonly #settings: Settings;
  readonly #decoder: OutputDecoder;
  readonly #preprocessor: Preprocessor;

  constructor(model: Model, plan: DetectorPlan, settings: Settings) {
    this.#model = model;
    this.#plan = plan;
    this.#settings = settings;
    this.#decoder = new OutputDecoder(plan.format, capacityOf(plan));
    this.#preprocessor = new Preprocessor(plan.input);
  }

  async run({ image }: Ports): Promise<PortValues> {
    const { names } = this.#plan;
    const { tensor, box } = this.#preprocessor.preprocess(image);
    const { scoreThreshold, iouThreshold, maxDetections, allowedClasses } = this.#settings;
    const candidates = await this.#infer(tensor, scoreThreshold);
    const labelOf = (index: number) => {
      const classIndex = candidates.classIndex[index] as number;
      return names[classIndex] ?? `class ${classIndex}`;
    };
    const detections: Detection[] = [];
    const isIncluded = (index: number) =>
      (allowedClasses === undefined || allowedClasses.has(labelOf(index))) &&
      toFrameBox(candidates, index, box, image) !== undefined;
    for (const index of nonMaxSuppression(candidates, iouThreshold, maxDetections, isIncluded)) {
      const frameBox = toFrameBox(candidates, index, box, image);
      if (frameBox === undefined) continue;
      detections.push({ ...frameBox, label: labelOf(index), score: candidates.score[index] as number });
    }
    return { detections };
  }

  /** One run is enough: the model's first-run allocations happened when the plan was made. */
  async warm(): Promise<void> {
    const { width, height } = this.#plan.input;
    const blank: Image = { width, height, channels: 3, data: new Uint8Array(3 * width * height) };
    await this.run({ image: blank });
  }

  async #infer(tensor: InputTensor, scoreThreshold: number): Promise<Candidates> {
    const { input, output } = this.#plan;
    const found = (await this.#model.run({ [input.name]: tensor }))[output.name];
    if (found === undefined) throw new Error(`model "${this.#model.name}" returned no output ${output.name}`);
    return this.#decoder.decode(found, scoreThreshold);
  }
}

/** Maximum number of boxes of one run. */
function capacityOf({ format, output }: DetectorPlan): number {
  if (format.name === 'end-to-end') return endToEndCapacity;
  return output.dims[format.name === 'ultralytics' ? 2 : 1] as number;
}

/** Converts a box from letterboxed input pixels to frame pixels, clipped to the frame; `undefined` if nothing remains. */
function toFrameBox(
  candidates: Candidates,
  index: number,
  box: { scale: number; offsetX: number; offsetY: number },
  frame: { width: number; height: number },
): { x: number; y: number; w: number; h: number } | undefined {
  const clamp = (value: number, offset: number, max: number) =>
    Math.min(max, Math.max(0, (value - offset) / box.scale));
  const x = clamp(candidates.x1[index] as number, box.offsetX, frame.width);
  const y = clamp(candidates.y1[index] as number, box.offsetY, frame.height);
  const w = clamp(candidates.x2[index] as number, box.offsetX, frame.width) - x;
  const h = clamp(candidates.y2[index] as number, box.offsetY, frame.height) - y;
  return w > 0 && h > 0 ? { x, y, w, h } : undefined;
}

async function createDetector(model: Model, params: Params): Promise<YoloDetector> {
  const { overrides } = model;
  const plan = await planDetector(model, { ...overrides, imgsz: params.imgsz ?? overrides.imgsz });
  if ('issue' in plan) throw new Error(`model "${params.model}": ${plan.issue}`);
  const defaultIou = plan.format.name === 'end-to-end' ? noNms : defaultIouThreshold;
  return new YoloDetector(model, plan, {
    scoreThreshold: params.score_threshold ?? overrides.score_threshold ?? defaultScoreThreshold,
    iouThreshold: params.iou_threshold ?? overrides.iou_threshold ?? defaultIou,
    maxDetections: params.max_detections,
    allowedClasses: params.classes === undefined ? undefined : new Set(params.classes),
  });
}

export const yoloDetectObjects = defineTool<Params>({
  pluginId: 'yolo',
  toolId: 'detect_objects',
  description: 'Detects objects with any YOLO model: letterbox, ONNX inference, class-aware non-maximum suppression',
  inputs: [],
  outputs: ['detections'],
  failureDetail: 'YOLO inference failed',
  params: paramsSchema,
  check: (params, { models }) => models.check(params.model),
  create: async (params, { models }) => createDetector(await models.load(params.model), params),
});
