/** Reads lines of text in pictures with a CTC recogniser. Worker threads. */
import { decodeCtc, type Reading } from './ctc.ts';
import { GrayLineWriter } from './gray-line.ts';
import type { Image } from './image.ts';
import { loadModel, type Model, type Tensor, type TensorShape } from './onnx-model.ts';
import type { RecognizerPlan } from './recognizers.ts';
import type { Region } from './resampling.ts';
import { planesTensor, writeRegion } from './tensor-image.ts';

/** Red, green and blue. */
const colors = 3;

/** Width and height of a plate in a frame: what the reader is warmed up with. */
const defaultLineWidth = [180, 40] as const;
/** The first run allocates, the second has the compiler look at all that is left in JavaScript. */
const warmUpRuns = 2;

/** A line of text to read: a region of a picture. */
export interface Crop {
  readonly image: Image;
  readonly region: Region;
}

export class CtcReader {
  readonly model: Model;
  readonly #plan: RecognizerPlan;
  readonly #input: TensorShape;
  readonly #output: TensorShape;
  /** Writes the lines of a model that takes no colour, one plane each. */
  readonly #gray: GrayLineWriter;
  /** Lines that are read in one run; it grows to the most that a frame has had. */
  #batch = new Float32Array(0);

  private constructor(model: Model, plan: RecognizerPlan, input: TensorShape, output: TensorShape) {
    this.model = model;
    this.#plan = plan;
    this.#input = input;
    this.#output = output;
    this.#gray = new GrayLineWriter(plan.height, plan.maxWidth, plan.normalization);
  }

  /** @throws Error when the model cannot be loaded. */
  static async create(plan: RecognizerPlan, providers: readonly string[]): Promise<CtcReader> {
    const model = await loadModel({ name: plan.name, path: plan.path, providers });
    try {
      const [input] = model.inputs;
      const [output] = model.outputs;
      if (input === undefined || output === undefined) throw new Error('the recogniser has no input or no output');
      return new CtcReader(model, plan, input, output);
    } catch (error) {
      await model.release();
      throw error;
    }
  }

  /**
   * Reads each crop as one line of text, left to right; in one run where all lines have the same size and the model
   * takes several. For `plate-reader` that takes a fifth less time a line than a run for each.
   */
  async read(crops: readonly Crop[]): Promise<Reading[]> {
    const { height, minWidth, maxWidth } = this.#plan;
    const isBatched = minWidth === maxWidth && typeof this.#input.dims[0] !== 'number';
    if (isBatched && crops.length > 0) return this.#readTogether(crops, height, minWidth);
    const readings: Reading[] = [];
    for (const crop of crops) readings.push(...(await this.#readTogether([crop], height, this.#widthOf(crop))));
    return readings;
  }

  async warm(): Promise<void> {
    const [width, height] = defaultLineWidth;
    const image: Image = { width, height, channels: 3, data: new Uint8Array(colors * width * height) };
    for (let run = 0; run < warmUpRuns; run++)
      await this.read([{ image, region: { x: 0, y: 0, w: width, h: height } }]);
  }

  /** Pixels of the input for a crop's proportions. */
  #widthOf({ region }: Crop): number {
    const { height, widthStep, minWidth, maxWidth } = this.#plan;
    const wanted = Math.ceil((region.w / region.h) * (height / widthStep)) * widthStep;
    return Math.min(maxWidth, Math.max(minWidth, wanted));
  }

  async #readTogether(crops: readonly Crop[], height: number, width: number): Promise<Reading[]> {
    const channels = this.#input.dims[1] === 1 ? 1 : colors;
    const lineSize = channels * height * width;
    if (this.#batch.length < crops.length * lineSize) this.#batch = new Float32Array(crops.length * lineSize);
    const place = { x: 0, y: 0, width, height };
    for (const [index, { image, region }] of crops.entries()) {
      const line = this.#batch.subarray(index * lineSize, (index + 1) * lineSize);
      if (channels === 1) this.#gray.write(image, region, line, width);
      else writeRegion(image, region, planesTensor(line, width, height, this.#plan.normalization), place);
    }
    const data = this.#batch.subarray(0, crops.length * lineSize);
    return this.#infer({ data, dims: [crops.length, channels, height, width] }, crops.length);
  }

  async #infer(input: Tensor, lines: number): Promise<Reading[]> {
    const { alphabet } = this.#plan;
    const outputs = await this.model.run({ [this.#input.name]: input });
    const output = outputs[this.#output.name];
    const [, steps, classes] = output?.dims ?? [];
    if (output === undefined || steps === undefined || classes === undefined) {
      throw new Error('the recogniser gave no text');
    }
    const lineOf = (index: number) => output.data.subarray(index * steps * classes, (index + 1) * steps * classes);
    return Array.from({ length: lines }, (_, index) => decodeCtc(lineOf(index), steps, classes, alphabet, this.#plan));
  }
}
