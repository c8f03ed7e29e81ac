/** Puts pictures into a detector's input, in the layout that its file declares. Worker threads. */
import type { DetectorInput } from './detector-input.ts';
import { type Image, type Letterbox, letterboxOf } from './image.ts';
import type { FeedTensor } from './onnx-model.ts';
import { type PictureTensor, pixelsTensor, planesTensor, writeLetterboxed } from './tensor-image.ts';

const colors = 3;

/** A picture as the model takes it, and how it lies in there. */
export interface FedPicture {
  /** Valid until the next picture. */
  readonly tensor: FeedTensor;
  readonly box: Letterbox;
}

export class PictureFeed {
  readonly #input: DetectorInput;
  readonly #tensor: FeedTensor;
  readonly #out: PictureTensor;

  constructor(input: DetectorInput) {
    const { width, height, layout } = input;
    const size = colors * width * height;
    this.#input = input;
    if (layout.kind === 'pixels') {
      const data = new Uint8Array(size);
      this.#tensor = { data, dims: [1, height, width, colors] };
      this.#out = pixelsTensor(data, width, height);
    } else {
      const data = new Float32Array(size);
      this.#tensor = { data, dims: [1, colors, height, width] };
      this.#out = planesTensor(data, width, height, layout.normalization);
    }
  }

  feed(image: Image): FedPicture {
    const { width, height, alignment } = this.#input;
    const box = letterboxOf(image, width, height, alignment);
    if (this.#takesAsItIs(image)) {
      // What the decoder wrote is the tensor: not a sample is copied.
      const data = image.data.subarray(0, this.#tensor.data.length);
      return { tensor: { data, dims: this.#tensor.dims }, box };
    }
    writeLetterboxed(image, box, this.#out);
    return { tensor: this.#tensor, box };
  }

  #takesAsItIs(image: Image): boolean {
    const { width, height, layout } = this.#input;
    return layout.kind === 'pixels' && image.channels === colors && image.width === width && image.height === height;
  }
}
