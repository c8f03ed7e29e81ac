/** `image.binarize`: converts a gray or RGB image to black on white, which improves OCR of pages. */
import { z } from 'zod';
import type { Image } from '../models/image.ts';
import { type CV, loadOpenCv } from './opencv.ts';
import { defineTool, type ToolInstance } from './tool.ts';

const paramsSchema = z.strictObject({
  /** `adaptive` compares each pixel with its neighborhood, which compensates for uneven light; `otsu` uses one global threshold. */
  method: z.enum(['adaptive', 'otsu']).default('adaptive'),
  /** Side of the neighborhood in pixels for `adaptive`: odd, and larger than a letter. */
  block_size: z
    .number()
    .int()
    .min(3)
    .max(255)
    .refine((size) => size % 2 === 1, 'must be odd')
    .default(51),
  /** A pixel becomes black if it is at least this many of 255 levels darker than its neighborhood. */
  offset: z.number().min(-128).max(128).default(15),
  /** Smooths the image first, so camera noise does not become black specks. */
  smooth: z.boolean().default(true),
});

type Params = z.infer<typeof paramsSchema>;

const white = 255;
/** Kernel size in pixels: the smallest possible, to keep thin strokes. */
const smoothingSide = 3;

class Binarizer implements ToolInstance {
  readonly #cv: CV;
  readonly #params: Params;

  constructor(cv: CV, params: Params) {
    this.#cv = cv;
    this.#params = params;
  }

  run({ image }: { readonly image: Image }): { readonly image: Image } {
    return { image: this.#binarize(image) };
  }

  #binarize(image: Image): Image {
    const cv = this.#cv;
    const { width, height, channels } = image;
    const source = new cv.Mat(height, width, channels === 1 ? cv.CV_8UC1 : cv.CV_8UC3);
    const gray = new cv.Mat();
    try {
      source.data.set(image.data.subarray(0, width * height * channels));
      if (channels === 1) source.copyTo(gray);
      else cv.cvtColor(source, gray, cv.COLOR_RGB2GRAY);
      this.#threshold(gray);
      // Copy: the matrix is in OpenCV's memory, which the next matrix reuses.
      return { width, height, channels: 1, data: new Uint8Array(gray.data) };
    } finally {
      source.delete();
      gray.delete();
    }
  }

  #threshold(gray: InstanceType<CV['Mat']>): void {
    const cv = this.#cv;
    const { method, block_size, offset, smooth } = this.#params;
    if (smooth) cv.GaussianBlur(gray, gray, new cv.Size(smoothingSide, smoothingSide), 0);
    if (method === 'otsu') cv.threshold(gray, gray, 0, white, cv.THRESH_BINARY | cv.THRESH_OTSU);
    else cv.adaptiveThreshold(gray, gray, white, cv.ADAPTIVE_THRESH_MEAN_C, cv.THRESH_BINARY, block_size, offset);
  }
}

export const imageBinarize = defineTool<Params>({
  pluginId: 'image',
  toolId: 'binarize',
  description: 'Converts the image to black on white with OpenCV and compensates for uneven light',
  inputs: [],
  outputs: ['image'],
  failureDetail: 'Binarization failed',
  params: paramsSchema,
  async create(params) {
    const { cv } = await loadOpenCv();
    return new Binarizer(cv, params);
  },
});
