/** Reads the text of one line of a picture with a CTC recogniser. Worker threads. */
import { decodeCtc, type Reading } from './ctc.ts';
import type { Image } from './image.ts';
import { loadModel, type Model, type TensorShape } from './onnx-model.ts';
import type { RecogniserPlan } from './recognisers.ts';
import { type Region, writeRegion } from './tensor-image.ts';

/** ITU-R BT.601: the parts of red, green and blue in grey. */
const greyParts = [0.299, 0.587, 0.114] as const;
const planes = greyParts.length;

/** Width and height of a plate in a frame: what the reader is warmed up with. */
const usualLine = [180, 40] as const;
/** The first run allocates, the second has the compiler look at all that is left in JavaScript. */
const warmUpRuns = 2;

export class CtcReader {
  readonly model: Model;
  readonly #plan: RecogniserPlan;
  readonly #input: TensorShape;
  readonly #output: TensorShape;
  /** Sized for the widest line, so that no frame allocates. */
  readonly #tensor: Float32Array;

  private constructor(model: Model, plan: RecogniserPlan, input: TensorShape, output: TensorShape) {
    this.model = model;
    this.#plan = plan;
    this.#input = input;
    this.#output = output;
    this.#tensor = new Float32Array(planes * plan.height * plan.largestWidth);
  }

  /** @throws Error when the model cannot be loaded. */
  static async create(plan: RecogniserPlan, providers: readonly string[]): Promise<CtcReader> {
    const model = await loadModel({ name: plan.name, path: plan.path, providers });
    const [input] = model.inputs;
    const [output] = model.outputs;
    if (input === undefined || output === undefined) throw new Error('the recogniser has no input or no output');
    return new CtcReader(model, plan, input, output);
  }

  /** Reads a region as one line of text, left to right. */
  async read(image: Image, region: Region): Promise<Reading> {
    const { height, widthStep, smallestWidth, largestWidth, normalisation } = this.#plan;
    const wanted = Math.ceil((region.w / region.h) * (height / widthStep)) * widthStep;
    const width = Math.min(largestWidth, Math.max(smallestWidth, wanted));
    const tensor = this.#tensor.subarray(0, planes * height * width);
    const place = { planeWidth: width, planeHeight: height, x: 0, y: 0, width, height };
    writeRegion(image, region, tensor, place, normalisation);
    return this.#infer(this.#isGrey ? mixGrey(tensor) : tensor, width);
  }

  async warm(): Promise<void> {
    const [width, height] = usualLine;
    const blank: Image = { width, height, channels: 3, data: new Uint8Array(planes * width * height) };
    for (let run = 0; run < warmUpRuns; run++) {
      await this.read(blank, { x: 0, y: 0, w: width, h: height });
    }
  }

  /** The model takes one plane instead of three. */
  get #isGrey(): boolean {
    return this.#input.dims[1] === 1;
  }

  async #infer(tensor: Float32Array, width: number): Promise<Reading> {
    const { height, alphabet } = this.#plan;
    const dims = [1, tensor.length / (height * width), height, width];
    const outputs = await this.model.run({ [this.#input.name]: { data: tensor, dims } });
    const output = outputs[this.#output.name];
    const [, steps, classes] = output?.dims ?? [];
    if (output === undefined || steps === undefined || classes === undefined) {
      throw new Error('the recogniser gave no text');
    }
    const { text, score } = decodeCtc(output.data, steps, classes, alphabet);
    // The alphabet has a space, which the margins of a line look like.
    const trimmed = text.trim();
    return { text: trimmed, score: trimmed === '' ? 0 : score };
  }
}

/** Mixes three planes, red first, into the first of them. */
function mixGrey(tensor: Float32Array): Float32Array {
  const size = tensor.length / planes;
  const [red, green, blue] = greyParts;
  for (let i = 0; i < size; i++) {
    tensor[i] =
      red * (tensor[i] as number) + green * (tensor[size + i] as number) + blue * (tensor[2 * size + i] as number);
  }
  return tensor.subarray(0, size);
}
