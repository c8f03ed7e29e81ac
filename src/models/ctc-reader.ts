/** Reads the text of one line of a picture with a CTC recogniser. Worker threads. */
import { decodeCtc, type Reading } from './ctc.ts';
import type { Image } from './image.ts';
import { loadModel, type Model } from './onnx-model.ts';
import { recognitionAlphabet, recognitionHeight, recognitionInput, recognitionPath } from './pp-ocr.ts';
import { type Region, writeRegion } from './tensor-image.ts';

/** The recogniser's downsampling: widths are rounded up to it. */
const widthStep = 8;
/** Below this a line is too short for a single step to be trusted. */
const smallestWidth = 48;
/** A line of over a hundred characters; wider ones are squeezed. */
const largestWidth = 1280;

export class CtcReader {
  readonly model: Model;
  readonly #alphabet: readonly string[];
  readonly #input: string;
  readonly #output: string;
  /** Sized for the widest line, so that no frame allocates. */
  readonly #tensor = new Float32Array(3 * recognitionHeight * largestWidth);

  private constructor(model: Model, alphabet: readonly string[], input: string, output: string) {
    this.model = model;
    this.#alphabet = alphabet;
    this.#input = input;
    this.#output = output;
  }

  /** Loads PP-OCRv4 recognition. */
  static async create(providers: readonly string[]): Promise<CtcReader> {
    const model = await loadModel({ name: 'pp-ocrv4-rec', path: recognitionPath, providers });
    const [input] = model.inputs;
    const [output] = model.outputs;
    if (input === undefined || output === undefined) throw new Error('the recogniser has no input or no output');
    return new CtcReader(model, recognitionAlphabet(), input.name, output.name);
  }

  /** Reads a region as one line of text, left to right. */
  async read(image: Image, region: Region): Promise<Reading> {
    const wanted = Math.ceil((region.w / region.h) * (recognitionHeight / widthStep)) * widthStep;
    const width = Math.min(largestWidth, Math.max(smallestWidth, wanted));
    const tensor = this.#tensor.subarray(0, 3 * recognitionHeight * width);
    const place = { planeWidth: width, planeHeight: recognitionHeight, x: 0, y: 0, width, height: recognitionHeight };
    writeRegion(image, region, tensor, place, recognitionInput);
    return this.#infer(tensor, width);
  }

  async warm(): Promise<void> {
    await this.#infer(this.#tensor.subarray(0, 3 * recognitionHeight * smallestWidth), smallestWidth);
  }

  async #infer(tensor: Float32Array, width: number): Promise<Reading> {
    const outputs = await this.model.run({ [this.#input]: { data: tensor, dims: [1, 3, recognitionHeight, width] } });
    const output = outputs[this.#output];
    const [, steps, classes] = output?.dims ?? [];
    if (output === undefined || steps === undefined || classes === undefined)
      throw new Error('the recogniser gave no text');
    const reading = decodeCtc(output.data, steps, classes, this.#alphabet);
    // Paper left and right of a line can be taken for spaces.
    const text = reading.text.trim();
    return { text, score: text === '' ? 0 : reading.score };
  }
}
