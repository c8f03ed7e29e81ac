/** How each text recognizer reads a line: its alphabet, input and preprocessing. Worker threads. */

import { type Normalization, unitRgb } from '../image-tensor.ts';
import { parseImageSize, parsePair } from '../metadata.ts';
import type { Model } from '../model.ts';
import type { CtcRules } from './ctc.ts';
import { generalRecognition, recognitionAlphabet, recognitionHeight, recognitionInput } from './pp-ocr.ts';

/** Margin that a recognizer needs on each side of a box, as fractions of the box's width and height. */
export interface CropMargin {
  readonly x: number;
  readonly y: number;
}

export const noMargin: CropMargin = { x: 0, y: 0 };

/**
 * A recognizer takes float32 `[1, 3, height, width]`, or `[1, 1, height, width]` in gray, and returns probabilities
 * `[1, steps, 1 + characters]`, class 0 the blank.
 */
export interface RecognizerPlan extends CtcRules {
  /** Characters by class, without the blank. */
  readonly alphabet: readonly string[];
  /** Input size in pixels. The width follows the line's aspect ratio, between the minimum and the maximum. */
  readonly height: number;
  readonly widthStep: number;
  readonly minWidth: number;
  readonly maxWidth: number;
  readonly normalization: Normalization;
  readonly margin: CropMargin;
}

/**
 * PP-OCRv4 has one step per eight pixels; below 48 pixels its results are unreliable. Lines wider than 1920 pixels, about 150
 * characters, are compressed. Rendered lines of 50 to 150 characters lost 23% of their spaces at 1280, 5% at 1920, and as many at 2560.
 */
const generalWidths = { widthStep: 8, minWidth: 48, maxWidth: 1920 };

/**
 * PP-OCRv4 often scores a space below the blank, above all between wide or widely spaced letters. Of the spaces in 744 short
 * rendered lines, 91% win their step and 98% reach this probability; none of the 6620 other gaps does.
 */
const generalSpaceFrom = 0.2;

/** Pixels of one line: all lines of a frame may be in one tensor. PP-OCRv4 needs at most 92,160. */
const maxLinePixels = 524_288;

/**
 * Plans a recognizer: PP-OCRv4, or a model whose metadata has `alphabet` (its characters in class order) and `imgsz`
 * (`[height, width]`). It may also have `crop_margin` (`[x, y]`, fractions of a box's width and height) and `text_score` (`mean` or
 * `product`).
 * @throws Error with one line when the model is not a recognizer.
 */
export function planRecognizer({ name, metadata }: Pick<Model, 'name' | 'metadata'>): RecognizerPlan {
  if (name === generalRecognition) {
    return {
      alphabet: recognitionAlphabet(),
      height: recognitionHeight,
      ...generalWidths,
      normalization: recognitionInput,
      margin: noMargin,
      scoring: 'mean',
      spaceFrom: generalSpaceFrom,
    };
  }
  const size = parseImageSize(metadata['imgsz']);
  const alphabet = [...(metadata['alphabet'] ?? '')];
  if (size === undefined || alphabet.length === 0) {
    throw new Error(`model "${name}" is not a text recognizer: its metadata must have "alphabet" and "imgsz"`);
  }
  const { height, width } = size;
  if (!(width >= 1 && height >= 1 && width * height <= maxLinePixels)) {
    throw new Error(`model "${name}": imgsz is [${height}, ${width}]; expected 1 to ${maxLinePixels} pixels`);
  }
  const [x, y] = parsePair(metadata['crop_margin']) ?? [0, 0];
  const widths = { widthStep: width, minWidth: width, maxWidth: width };
  return {
    alphabet,
    height,
    ...widths,
    normalization: unitRgb,
    margin: { x, y },
    scoring: metadata['text_score'] === 'product' ? 'product' : 'mean',
  };
}
