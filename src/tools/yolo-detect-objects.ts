/** `yolo.detect_objects`: finds objects in the picture with a YOLO model. */
import { z } from 'zod';
import { letterboxOf } from '../models/image.ts';
import { parseClassNames, parseImageSize } from '../models/metadata.ts';
import { findModel, type ModelFiles } from '../models/model-files.ts';
import type { Candidates } from '../models/nms.ts';
import { suppress } from '../models/nms.ts';
import type { Model, TensorShape } from '../models/onnx-model.ts';
import { unitRgb, writeLetterboxed } from '../models/tensor-image.ts';
import { HeadDecoder, recogniseHead } from '../models/yolo-heads.ts';
import type { Detection } from '../protocol.ts';
import { defineTool, type Ports, type PortValues, type ToolInstance } from './tool.ts';

const paramsSchema = z.strictObject({
  /** A folder or an `.onnx` file in the models folder. */
  model: z.string().min(1).default('plate-yolo'),
  score_threshold: z.number().min(0).max(1).optional(),
  iou_threshold: z.number().min(0).max(1).optional(),
  max_detections: z.number().int().min(1).max(1000).default(100),
  /** Only these classes, by name. */
  classes: z.array(z.string()).min(1).optional(),
});

type Params = z.infer<typeof paramsSchema>;

/** Used where neither the node nor `model.json` says otherwise: Ultralytics' own defaults for prediction. */
const usualScoreThreshold = 0.25;
const usualIouThreshold = 0.45;

/** Input side for a model with free dimensions that names no `imgsz`: what YOLO models are usually trained at. */
const usualInputSide = 640;

interface Settings {
  readonly names: readonly string[];
  readonly scoreThreshold: number;
  readonly iouThreshold: number;
  readonly maxDetections: number;
  readonly wanted: ReadonlySet<string> | undefined;
}

class YoloDetector implements ToolInstance {
  readonly models: readonly Model[];
  readonly #model: Model;
  readonly #settings: Settings;
  readonly #decoder: HeadDecoder;
  readonly #input: { readonly name: string; readonly width: number; readonly height: number };
  readonly #output: string;
  readonly #tensor: Float32Array;

  constructor(
    model: Model,
    settings: Settings,
    decoder: HeadDecoder,
    input: { name: string; width: number; height: number },
    output: string,
  ) {
    this.models = [model];
    this.#model = model;
    this.#settings = settings;
    this.#decoder = decoder;
    this.#input = input;
    this.#output = output;
    this.#tensor = new Float32Array(3 * input.width * input.height);
  }

  async run({ image }: Ports): Promise<PortValues> {
    const box = letterboxOf(image, this.#input.width, this.#input.height);
    writeLetterboxed(image, box, this.#tensor, this.#input, unitRgb);
    const { scoreThreshold, iouThreshold, maxDetections, wanted, names } = this.#settings;
    const candidates = await this.#infer(scoreThreshold);
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

  async warm(): Promise<void> {
    await this.#infer(1);
  }

  async close(): Promise<void> {
    await this.#model.release();
  }

  async #infer(scoreThreshold: number): Promise<Candidates> {
    const { name, width, height } = this.#input;
    const outputs = await this.#model.run({ [name]: { data: this.#tensor, dims: [1, 3, height, width] } });
    const output = outputs[this.#output];
    const boxes = output?.dims[2];
    if (output === undefined || boxes === undefined)
      throw new Error(`model "${this.#model.name}" gave no ${this.#output}`);
    return this.#decoder.decode(output.data, boxes, scoreThreshold);
  }
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

/** The input's size: fixed in the file, or from `imgsz` where the file leaves it free. */
function inputSizeOf(
  input: TensorShape,
  metadata: Readonly<Record<string, string>>,
): { width: number; height: number } {
  const [batch, channels, height, width] = input.dims;
  if (input.type !== 'float32' || input.dims.length !== 4 || (channels !== 3 && typeof channels === 'number')) {
    throw new Error(
      `input ${input.name} is ${input.type} [${input.dims.join(', ')}]; expected float32 [1, 3, height, width]`,
    );
  }
  if (typeof batch === 'number' && batch !== 1)
    throw new Error(`input ${input.name} takes ${batch} pictures at once, not 1`);
  const free = parseImageSize(metadata['imgsz']) ?? { width: usualInputSide, height: usualInputSide };
  return {
    width: typeof width === 'number' ? width : free.width,
    height: typeof height === 'number' ? height : free.height,
  };
}

async function createDetector(params: Params, files: ModelFiles, providers: readonly string[]): Promise<YoloDetector> {
  const { loadModel } = await import('../models/onnx-model.ts');
  const model = await loadModel({ name: params.model, path: files.onnxPath, providers });
  const [input] = model.inputs;
  const [output] = model.outputs;
  if (input === undefined || output === undefined) throw new Error(`model "${params.model}" has no input or no output`);
  const size = inputSizeOf(input, model.metadata);
  const tensor = new Float32Array(3 * size.width * size.height);
  // One run tells the real output shape, also where the file leaves it free.
  const first = await model.run({ [input.name]: { data: tensor, dims: [1, 3, size.height, size.width] } });
  const dims = first[output.name]?.dims ?? [];
  const names = files.overrides.names ?? parseClassNames(model.metadata['names']);
  const head = recogniseHead({ ...output, dims }, names?.length);
  if ('fault' in head) throw new Error(`model "${params.model}": ${head.fault}`);
  const settings: Settings = {
    names: names ?? [],
    scoreThreshold: params.score_threshold ?? files.overrides.score_threshold ?? usualScoreThreshold,
    iouThreshold: params.iou_threshold ?? files.overrides.iou_threshold ?? usualIouThreshold,
    maxDetections: params.max_detections,
    wanted: params.classes === undefined ? undefined : new Set(params.classes),
  };
  const decoder = new HeadDecoder(head, dims[2] as number);
  return new YoloDetector(model, settings, decoder, { name: input.name, ...size }, output.name);
}

export const yoloDetectObjects = defineTool<Params>({
  pluginId: 'yolo',
  toolId: 'detect_objects',
  description: 'Finds objects with a YOLO model: letterbox, ONNX, class-aware non-maximum suppression',
  inputs: [],
  outputs: ['detections'],
  failureDetail: 'YOLO inference failed',
  params: paramsSchema,
  check(params, { modelsDir }) {
    const files = findModel(modelsDir, params.model);
    return 'fault' in files ? [files.fault] : [];
  },
  async create(params, { modelsDir, providers }) {
    const files = findModel(modelsDir, params.model);
    if ('fault' in files) throw new Error(files.fault);
    return createDetector(params, files, providers);
  },
});
