/** Preprocesses images into a model's input: resize, normalization, layout. Worker threads. */
import { resizeAntialiased } from '../antialias.ts';
import { type Image, type Placement, placeImage } from '../image.ts';
import { type ImageTensor, nchwTensor, nhwcTensor, writePlaced, writeRegion } from '../image-tensor.ts';
import type { InputTensor } from '../model.ts';
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
  readonly #tensor: InputTensor & { readonly data: Float32Array | Uint8Array };
  readonly #out: ImageTensor;

  constructor(input: ModelInput) {
    const { width, height, layout } = input;
    const size = rgbChannels * width * height;
    this.#input = input;
    if (layout.kind === 'nhwc') {
      const data = new Uint8Array(size);
      this.#tensor = { data, dims: [1, height, width, rgbChannels] };
      this.#out = nhwcTensor(data, width, height);
    } else {
      const data = new Float32Array(size);
      this.#tensor = { data, dims: [1, rgbChannels, height, width] };
      this.#out = nchwTensor(data, width, height, layout.normalization);
    }
  }

  preprocess(image: Image): PreprocessedImage {
    const placement = placeImage(image, this.#input, this.#input.resize);
    if (this.#isZeroCopy(image)) {
      // The decoder's buffer already has the tensor's layout.
      const data = image.data.subarray(0, this.#tensor.data.length);
      return { tensor: { data, dims: this.#tensor.dims }, placement };
    }
    if (this.#input.isAntialiased === true) this.#writeAntialiased(image, placement);
    else writePlaced(image, placement, this.#out);
    return { tensor: this.#tensor, placement };
  }

  #writeAntialiased(image: Image, placement: Placement): void {
    const { width, height } = this.#input;
    const resized = resizeAntialiased(image, placement, { width, height });
    const whole = { x: 0, y: 0, w: width, h: height };
    writeRegion(resized, whole, this.#out, { x: 0, y: 0, width, height });
  }

  #isZeroCopy(image: Image): boolean {
    const { width, height, layout } = this.#input;
    return layout.kind === 'nhwc' && image.channels === rgbChannels && image.width === width && image.height === height;
  }
}
