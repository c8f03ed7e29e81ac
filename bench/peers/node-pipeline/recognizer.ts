/** Recognizes a plate: crop, the selected recognizer, CTC. */
import { Tensor } from 'onnxruntime-node';
import { type Box, clamp, type Image, resize } from './image.ts';
import { type OpenModel, openRecognizer, ppOcrAlphabet, type RecognizerName } from './models.ts';

export interface Recognition {
  readonly text: string;
  readonly score: number;
}

export type Recognize = (image: Image, box: Box) => Promise<Recognition>;

export async function createRecognizer(name: RecognizerName, threads: number): Promise<Recognize> {
  const model = await openRecognizer(name, threads);
  return name === 'pp-ocrv4' ? ppOcrRecognizer(model) : plateRecognizer(model);
}

/** PP-OCRv4 takes lines of any width, 48 pixels high, BGR from -1 to 1. */
function ppOcrRecognizer(model: OpenModel): Recognize {
  const alphabet = ppOcrAlphabet();
  const height = 48;
  return (image, box) => {
    const width = clamp(Math.ceil(((box.w / box.h) * height) / 8) * 8, 48, 1280);
    const samples = resize(image, box, width, height);
    const area = width * height;
    const input = new Float32Array(3 * area);
    for (let i = 0; i < area; i++) {
      input[i] = (samples[3 * i + 2] as number) / 127.5 - 1;
      input[area + i] = (samples[3 * i + 1] as number) / 127.5 - 1;
      input[2 * area + i] = (samples[3 * i] as number) / 127.5 - 1;
    }
    return recognize(model, new Tensor('float32', input, [1, 3, height, width]), alphabet);
  };
}

/** plate-reader takes gray from 0 to 1, stretched to a fixed size; its metadata has the size and the alphabet. */
function plateRecognizer(model: OpenModel): Recognize {
  const { imgsz, alphabet, crop_margin: margin } = model.metadata;
  if (imgsz === undefined || alphabet === undefined)
    throw new Error('the recognizer’s metadata has no imgsz or no alphabet');
  const [height, width] = JSON.parse(imgsz) as [number, number];
  const [marginX, marginY] = JSON.parse(margin ?? '[0, 0]') as [number, number];
  const area = width * height;
  return (image, box) => {
    const samples = resize(image, grow(box, marginX, marginY, image), width, height);
    const input = new Float32Array(area);
    for (let i = 0; i < area; i++) {
      const [red, green, blue] = [samples[3 * i], samples[3 * i + 1], samples[3 * i + 2]] as [number, number, number];
      input[i] = (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
    }
    return recognize(model, new Tensor('float32', input, [1, 1, height, width]), [...alphabet]);
  };
}

/** Grows a box by fractions of its width and height on each side, clipped to the image. */
function grow(box: Box, marginX: number, marginY: number, image: Image): Box {
  const x = clamp(box.x - box.w * marginX, 0, image.width);
  const y = clamp(box.y - box.h * marginY, 0, image.height);
  const right = clamp(box.x + box.w * (1 + marginX), 0, image.width);
  const bottom = clamp(box.y + box.h * (1 + marginY), 0, image.height);
  return { x, y, w: right - x, h: bottom - y };
}

/** Greedy CTC over probabilities `[1, steps, classes]`: best class per step, repeats merged, blanks (class 0) removed. */
async function recognize({ session }: OpenModel, input: Tensor, alphabet: readonly string[]): Promise<Recognition> {
  const outputs = await session.run({ [session.inputNames[0] as string]: input });
  const output = outputs[session.outputNames[0] as string] as Tensor;
  const data = output.data as Float32Array;
  const [, steps = 0, classes = 0] = output.dims;
  let text = '';
  let sum = 0;
  let previous = 0;
  for (let step = 0; step < steps; step++) {
    let best = 0;
    for (let i = 1; i < classes; i++) {
      if ((data[step * classes + i] as number) > (data[step * classes + best] as number)) best = i;
    }
    if (best !== 0 && best !== previous) {
      text += alphabet[best - 1];
      sum += data[step * classes + best] as number;
    }
    previous = best;
  }
  return { text: text.trim(), score: text === '' ? 0 : sum / [...text].length };
}
