/** `ocr.detect_text`: detects lines of text anywhere in the image with PP-OCRv4. */
import { z } from 'zod';
import type { Image } from '../models/image.ts';
import { nchwTensor, writeRegion } from '../models/image-tensor.ts';
import type { Model } from '../models/model.ts';
import { detectionInput, generalDetection } from '../models/ocr/pp-ocr.ts';
import type { Detection } from '../protocol.ts';
import { loadOpenCv } from './opencv.ts';
import { findTextBoxes, type TextBoxOptions } from './text-boxes.ts';
import { defineTool, type Ports, type PortValues, type ToolInstance } from './tool.ts';

/** The network halves its input five times, so sides must be multiples of 32. */
const sideStep = 32;

const paramsSchema = z.strictObject({
  /** Maximum side of the network's input in pixels. Larger images are downscaled; smaller ones keep their size. */
  max_side: z.number().int().min(sideStep).max(4096).default(960),
  /** Minimum mean probability of a box. */
  box_score: z.number().min(0).max(1).default(0.6),
  /** How much a detected box grows: the network is trained on shrunken boxes. */
  unclip_ratio: z.number().min(0).max(5).default(1.6),
  max_boxes: z.number().int().min(1).max(1000).default(200),
});

type Params = z.infer<typeof paramsSchema>;

class TextDetector implements ToolInstance {
  readonly #model: Model;
  readonly #maxSide: number;
  readonly #options: TextBoxOptions;

  constructor(model: Model, maxSide: number, options: TextBoxOptions) {
    this.#model = model;
    this.#maxSide = maxSide;
    this.#options = options;
  }

  async run({ image }: Ports): Promise<PortValues> {
    const scale = Math.min(1, this.#maxSide / Math.max(image.width, image.height));
    const width = roundToStep(image.width * scale);
    const height = roundToStep(image.height * scale);
    const map = await this.#infer(image, width, height);
    const detections: Detection[] = findTextBoxes({ data: map, width, height }, image, this.#options);
    return { detections };
  }

  async warm(): Promise<void> {
    const gray: Image = { width: sideStep, height: sideStep, channels: 1, data: new Uint8Array(sideStep * sideStep) };
    await this.run({ image: gray });
  }

  /** @returns the probability of text, `[height, width]`. */
  async #infer(image: Image, width: number, height: number): Promise<Float32Array> {
    const whole = { x: 0, y: 0, w: image.width, h: image.height };
    const [input] = this.#model.inputs;
    const [output] = this.#model.outputs;
    if (input === undefined || output === undefined) throw new Error('the text detector has no input or no output');
    const tensor = this.#model.allocate(input.name, [1, 3, height, width]);
    const out = nchwTensor(tensor.data as Float32Array, width, height, detectionInput);
    writeRegion(image, whole, out, { x: 0, y: 0, width, height });
    const outputs = await this.#model.run({ [input.name]: tensor });
    const map = outputs[output.name];
    if (map?.data.length !== width * height)
      throw new Error(`the text detector returned shape [${map?.dims.join(', ')}]`);
    return map.data;
  }
}

function roundToStep(side: number): number {
  return Math.max(sideStep, Math.round(side / sideStep) * sideStep);
}

export const ocrDetectText = defineTool<Params>({
  pluginId: 'ocr',
  toolId: 'detect_text',
  description: 'Detects lines of text at any angle with PP-OCRv4',
  inputs: [],
  outputs: ['detections'],
  failureDetail: 'Text detection failed',
  params: paramsSchema,
  async create(params, { models }) {
    const { cv } = await loadOpenCv();
    const model = await models.load(generalDetection);
    const { box_score: boxScore, unclip_ratio: unclipRatio, max_boxes: maxBoxes } = params;
    return new TextDetector(model, params.max_side, { cv, boxScore, unclipRatio, maxBoxes });
  },
});
