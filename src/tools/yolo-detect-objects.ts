/** `yolo.detect_objects`: finds objects in the picture with a YOLO model. */
import { z } from 'zod';
import { type DetectorPlan, planDetector } from '../models/detector.ts';
import { HeadDecoder } from '../models/head-decoder.ts';
import type { Image } from '../models/image.ts';
import { findModel, inputSize, type ModelFiles } from '../models/model-files.ts';
import type { Candidates } from '../models/nms.ts';
import { suppress } from '../models/nms.ts';
import type { FeedTensor, Model } from '../models/onnx-model.ts';
import { PictureFeed } from '../models/picture-feed.ts';
import type { Detection } from '../protocol.ts';
import { defineTool, type Ports, type PortValues, type ToolInstance } from './tool.ts';

const paramsSchema = z.strictObject({
  /** A folder or an `.onnx` file in the models folder. */
  model: z.string().min(1).default('plate-yolo'),
  score_threshold: z.number().min(0).max(1).optional(),
  iou_threshold: z.number().min(0).max(1).optional(),
  /** Height and width in pixels of an input that the model's file leaves free; larger sees smaller objects, and costs as much more. */
  imgsz: inputSize.optional(),
  max_detections: z.number().int().min(1).max(1000).default(100),
  /** Only these classes, by name. */
  classes: z.array(z.string()).min(1).optional(),
});

type Params = z.infer<typeof paramsSchema>;

/** Used where neither the node nor `model.json` says otherwise: Ultralytics' own defaults for prediction. */
const defaultScoreThreshold = 0.25;
const defaultIouThreshold = 0.45;

/** Exports that suppress for themselves leave nothing that overlaps too much; no two boxes overlap more than wholly. */
const noIouThreshold = 1;

/** Room for the boxes of an end-to-end model, whose number may change from frame to frame; such exports give 300. */
const endToEndCapacity = 1000;

interface Settings {
  readonly scoreThreshold: number;
  readonly iouThreshold: number;
  readonly maxDetections: number;
  readonly wanted: ReadonlySet<string> | undefined;
}

class YoloDetector implements ToolInstance {
  readonly models: readonly Model[];
  readonly #model: Model;
  readonly #plan: DetectorPlan;
  readonly #settings: Settings;
  readonly #decoder: HeadDecoder;
  readonly #feed: PictureFeed;

  constructor(model: Model, plan: DetectorPlan, settings: Settings) {
    this.models = [model];
    this.#model = model;
    this.#plan = plan;
    this.#settings = settings;
    this.#decoder = new HeadDecoder(plan.head, capacityOf(plan));
    this.#feed = new PictureFeed(plan.input);
  }

  async run({ image }: Ports): Promise<PortValues> {
    const { names } = this.#plan;
    const { tensor, box } = this.#feed.feed(image);
    const { scoreThreshold, iouThreshold, maxDetections, wanted } = this.#settings;
    const candidates = await this.#infer(tensor, scoreThreshold);
    const labelOf = (index: number) => {
      const classIndex = candidates.classIndex[index] as number;
      return names[classIndex] ?? `class ${classIndex}`;
    };
    const detections: Detection[] = [];
    const isWanted = (index: number) =>
      (wanted === undefined || wanted.has(labelOf(index))) &&
      toFramePixels(candidates, index, box, image) !== undefined;
    for (const index of suppress(candidates, iouThreshold, maxDetections, isWanted)) {
      const place = toFramePixels(candidates, index, box, image);
      if (place === undefined) continue;
      detections.push({ ...place, label: labelOf(index), score: candidates.score[index] as number });
    }
    return { detections };
  }

  /** Once is enough: what a model's first run allocates it has allocated in the run that made the plan. */
  async warm(): Promise<void> {
    const { width, height } = this.#plan.input;
    const blank: Image = { width, height, channels: 3, data: new Uint8Array(3 * width * height) };
    await this.run({ image: blank });
  }

  async close(): Promise<void> {
    await this.#model.release();
  }

  async #infer(picture: FeedTensor, scoreThreshold: number): Promise<Candidates> {
    const { input, output } = this.#plan;
    const found = (await this.#model.run({ [input.name]: picture }))[output.name];
    if (found === undefined) throw new Error(`model "${this.#model.name}" gave no ${output.name}`);
    return this.#decoder.decode(found, scoreThreshold);
  }
}

/** The most boxes that one run can give. */
function capacityOf({ head, output }: DetectorPlan): number {
  if (head.layout === 'end-to-end') return endToEndCapacity;
  return output.dims[head.layout === 'ultralytics' ? 2 : 1] as number;
}

/** A box from letterboxed input pixels back to the frame's, cut at its edges; `undefined` where nothing is left. */
function toFramePixels(
  candidates: Candidates,
  index: number,
  box: { scale: number; offsetX: number; offsetY: number },
  frame: { width: number; height: number },
): { x: number; y: number; w: number; h: number } | undefined {
  const clamp = (value: number, offset: number, highest: number) =>
    Math.min(highest, Math.max(0, (value - offset) / box.scale));
  const x = clamp(candidates.x1[index] as number, box.offsetX, frame.width);
  const y = clamp(candidates.y1[index] as number, box.offsetY, frame.height);
  const w = clamp(candidates.x2[index] as number, box.offsetX, frame.width) - x;
  const h = clamp(candidates.y2[index] as number, box.offsetY, frame.height) - y;
  return w > 0 && h > 0 ? { x, y, w, h } : undefined;
}

async function createDetector(params: Params, files: ModelFiles, providers: readonly string[]): Promise<YoloDetector> {
  const { loadModel } = await import('../models/onnx-model.ts');
  const model = await loadModel({ name: params.model, path: files.onnxPath, providers });
  try {
    return await detectorOf(model, params, files);
  } catch (error) {
    await model.release();
    throw error;
  }
}

async function detectorOf(model: Model, params: Params, files: ModelFiles): Promise<YoloDetector> {
  const plan = await planDetector(model, { ...files.overrides, imgsz: params.imgsz ?? files.overrides.imgsz });
  if ('issue' in plan) throw new Error(`model "${params.model}": ${plan.issue}`);
  const defaultIou = plan.head.layout === 'end-to-end' ? noIouThreshold : defaultIouThreshold;
  return new YoloDetector(model, plan, {
    scoreThreshold: params.score_threshold ?? files.overrides.score_threshold ?? defaultScoreThreshold,
    iouThreshold: params.iou_threshold ?? files.overrides.iou_threshold ?? defaultIou,
    maxDetections: params.max_detections,
    wanted: params.classes === undefined ? undefined : new Set(params.classes),
  });
}

export const yoloDetectObjects = defineTool<Params>({
  pluginId: 'yolo',
  toolId: 'detect_objects',
  description: 'Finds objects with a YOLO model of any family: letterbox, ONNX, class-aware non-maximum suppression',
  inputs: [],
  outputs: ['detections'],
  failureDetail: 'YOLO inference failed',
  params: paramsSchema,
  check(params, { modelsDir, warn }) {
    const files = findModel(modelsDir, params.model, warn);
    return 'issue' in files ? [files.issue] : [];
  },
  async create(params, { modelsDir, providers }) {
    const files = findModel(modelsDir, params.model);
    if ('issue' in files) throw new Error(files.issue);
    return createDetector(params, files, providers);
  },
});
