/** Preprocesses images into a model's input: resize, normalization, layout. Worker threads. */
import { resizeAntialiased } from '../antialias.ts';
import { type Image, type Placement, placeImage } from '../image.ts';
import { type ImageTensor, nchwTensor, nhwcTensor, writePlaced, writeRegion } from '../image-tensor.ts';
import { InputBuffers } from '../input-buffers.ts';
import type { InputTensor, Model } from '../model.ts';
import { sizeOf } from '../tensor-types.ts';
import type { ModelInput } from './input.ts';

const rgbChannels = 3;

export interface PreprocessedImage {
  /** Valid until the next call. */
  readonly tensor: InputTensor;
  /** Position of the image in the tensor. */
  readonly placement: Placement;
}

export class Preprocessor {
  readonly #input: ModelInput;
  readonly #memory: Pick<Model, 'allocate'>;
  readonly #dims: readonly number[];

  /** @param model where the tensors are written; by default a buffer of its own. */
  constructor(input: ModelInput, model?: Pick<Model, 'allocate'>) {
    const { name, width, height, layout } = input;
    const isNhwc = layout.kind === 'nhwc';
    this.#input = input;
    this.#memory = model ?? new InputBuffers([{ name, type: isNhwc ? 'uint8' : 'float32', dims: [] }]);
    this.#dims = isNhwc ? [1, height, width, rgbChannels] : [1, rgbChannels, height, width];
  }

  preprocess(image: Image): PreprocessedImage {
    const placement = placeImage(image, this.#input, this.#input.resize);
    if (this.#isTensor(image))
      return { tensor: { data: image.data.subarray(0, sizeOf(this.#dims)), dims: this.#dims }, placement };
    const tensor = this.#memory.allocate(this.#input.name, this.#dims);
    const out = this.#imageTensorOf(tensor);
    if (this.#input.isAntialiased === true) this.#writeAntialiased(image, placement, out);
    else writePlaced(image, placement, out);
    return { tensor, placement };
  }

  /** Whether the decoder's buffer already has the tensor's layout, so that nothing is copied here. */
  #isTensor(image: Image): boolean {
    const { width, height, layout } = this.#input;
    return layout.kind === 'nhwc' && image.channels === rgbChannels && image.width === width && image.height === height;
  }

  #imageTensorOf({ data }: InputTensor): ImageTensor {
    const { width, height, layout } = this.#input;
    if (layout.kind === 'nhwc' && data instanceof Uint8Array) return nhwcTensor(data, width, height);
    if (layout.kind === 'nchw' && data instanceof Float32Array)
      return nchwTensor(data, width, height, layout.normalization);
    throw new TypeError(`input ${this.#input.name} is not ${layout.kind}`);
  }

  #writeAntialiased(image: Image, placement: Placement, out: ImageTensor): void {
    const { width, height } = this.#input;
    const resized = resizeAntialiased(image, placement, { width, height });
    const whole = { x: 0, y: 0, w: width, h: height };
    writeRegion(resized, whole, out, { x: 0, y: 0, width, height });
  }
}
