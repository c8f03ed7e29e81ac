/** Preprocesses images into a detector's input: letterbox, normalization, layout. Worker threads. */
import type { DetectorInput } from './detector-input.ts';
import { type Image, type Letterbox, letterboxOf } from './image.ts';
import { type ImageTensor, nchwTensor, nhwcTensor, writeLetterboxed } from './image-tensor.ts';
import type { InputTensor } from './model.ts';

const rgbChannels = 3;

export interface PreprocessedImage {
  /** Valid until the next call. */
  readonly tensor: InputTensor;
  /** Position of the image in the tensor. */
  readonly box: Letterbox;
}

export class Preprocessor {
  readonly #input: DetectorInput;
  readonly #tensor: InputTensor;
  readonly #out: ImageTensor;

  constructor(input: DetectorInput) {
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
    const { width, height, alignment } = this.#input;
    const box = letterboxOf(image, width, height, alignment);
    if (this.#isZeroCopy(image)) {
      // The decoder's buffer already has the tensor's layout.
      const data = image.data.subarray(0, this.#tensor.data.length);
      return { tensor: { data, dims: this.#tensor.dims }, box };
    }
    writeLetterboxed(image, box, this.#out);
    return { tensor: this.#tensor, box };
  }

  #isZeroCopy(image: Image): boolean {
    const { width, height, layout } = this.#input;
    return layout.kind === 'nhwc' && image.channels === rgbChannels && image.width === width && image.height === height;
  }
}
