/** Which text recognisers there are and how each wants its input. Any thread. */
import type { CtcRules } from './ctc.ts';
import { parseImageSize, parsePair, readOnnxHeader } from './metadata.ts';
import { findModel } from './model-files.ts';
import { recognitionAlphabet, recognitionHeight, recognitionInput, recognitionPath } from './pp-ocr.ts';
import { type Normalization, unitRgb } from './tensor-image.ts';

/** What a recogniser wants to see on each side of a box, as parts of the box's width and height. */
export interface CropMargin {
  readonly x: number;
  readonly y: number;
}

export const noMargin: CropMargin = { x: 0, y: 0 };

/** A recogniser takes `[1, 3, height, width]`, or one plane of grey, and gives probabilities `[1, steps, 1 + characters]`, class 0 the blank. */
export interface RecognizerPlan extends CtcRules {
  readonly name: string;
  readonly path: string;
  /** Characters by class, without the blank. */
  readonly alphabet: readonly string[];
  /** Pixels of the input; widths follow the line's proportions between the smallest and the largest. */
  readonly height: number;
  readonly widthStep: number;
  readonly minWidth: number;
  readonly maxWidth: number;
  readonly normalization: Normalization;
  readonly margin: CropMargin;
}

/** The name of the recogniser for any text that ships in a package, not in the models folder. */
export const generalRecognizer = 'pp-ocrv4';

/**
 * PP-OCRv4 looks at eight pixels a step; less than 48 are too few to trust. Longer lines than 1920 pixels hold, some 150 characters, are
 * squeezed. At 1280 rendered lines of 50 to 150 characters lost 23 % of their spaces, at 1920 they lose 5 %, and at 2560 no fewer.
 */
const generalWidths = { widthStep: 8, minWidth: 48, maxWidth: 1920 };

/**
 * PP-OCRv4 sees a space and often trusts "no character" more, above all between wide or widely set letters: of the spaces in 744 rendered short
 * lines 91 % win their step and 98 % have this probability, which no other of 6620 gaps has.
 */
const generalSpaceFrom = 0.2;

/** Pixels of a line: all lines of a frame may lie in one tensor. PP-OCRv4 has 92,160 at most. */
const maxLinePixels = 524_288;

/**
 * Finds a recogniser by the name that a pipeline uses: `pp-ocrv4`, or a model in the models folder whose metadata has
 * `alphabet` (its characters in the order of its classes) and `imgsz` (`[height, width]`). It may also have
 * `crop_margin` (`[x, y]`, parts of a box's width and height) and `text_score` (`mean` or `product`).
 * @throws Error in one line when there is none, or it is no recogniser.
 */
export async function findRecognizer(modelsDir: string, name: string): Promise<RecognizerPlan> {
  if (name === generalRecognizer) {
    return {
      name: `${name}-rec`,
      path: recognitionPath,
      alphabet: recognitionAlphabet(),
      height: recognitionHeight,
      ...generalWidths,
      normalization: recognitionInput,
      margin: noMargin,
      scoring: 'mean',
      spaceFrom: generalSpaceFrom,
    };
  }
  const files = findModel(modelsDir, name);
  if ('issue' in files) throw new Error(files.issue);
  const { metadata } = await readOnnxHeader(files.onnxPath);
  const size = parseImageSize(metadata['imgsz']);
  const alphabet = [...(metadata['alphabet'] ?? '')];
  if (size === undefined || alphabet.length === 0) {
    throw new Error(`model "${name}" is no text recogniser: its metadata has no "alphabet" or no "imgsz"`);
  }
  const { height, width } = size;
  if (!(width >= 1 && height >= 1 && width * height <= maxLinePixels)) {
    throw new Error(`model "${name}": its imgsz is [${height}, ${width}]; a line has 1 to ${maxLinePixels} pixels`);
  }
  const [x, y] = parsePair(metadata['crop_margin']) ?? [0, 0];
  const widths = { widthStep: width, minWidth: width, maxWidth: width };
  return {
    name,
    path: files.onnxPath,
    alphabet,
    height,
    ...widths,
    normalization: unitRgb,
    margin: { x, y },
    scoring: metadata['text_score'] === 'product' ? 'product' : 'mean',
  };
}
