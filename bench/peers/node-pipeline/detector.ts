/** Detects plates: letterbox, the YOLO model, non-maximum suppression. */
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { type Box, clamp, type Image, resize } from './image.ts';
import type { DetectorModel } from './models.ts';

/** The input of plate-yolo. */
const inputWidth = 640;
const inputHeight = 480;
/** Gray level of letterbox padding. */
const padding = 114;

export interface FoundBox extends Box {
  readonly score: number;
}

/** @returns boxes in image pixels, best first. */
export async function detect(model: DetectorModel, image: Image): Promise<FoundBox[]> {
  const { width, height } = image;
  const scale = Math.min(inputWidth / width, inputHeight / height);
  const scaledWidth = Math.round(width * scale);
  const scaledHeight = Math.round(height * scale);
  const left = Math.round((inputWidth - scaledWidth) / 2 - 0.1);
  const top = Math.round((inputHeight - scaledHeight) / 2 - 0.1);

  const samples = resize(image, { x: 0, y: 0, w: width, h: height }, scaledWidth, scaledHeight);
  const input = new Uint8Array(3 * inputWidth * inputHeight).fill(padding);
  for (let y = 0; y < scaledHeight; y++) {
    const row = samples.subarray(3 * y * scaledWidth, 3 * (y + 1) * scaledWidth);
    input.set(row, 3 * ((y + top) * inputWidth + left));
  }

  const boxes = await infer(model.session, input, model.scoreThreshold);
  return nonMaxSuppression(boxes, model.iouThreshold).map((box) => {
    const x = clamp((box.x - left) / scale, 0, width);
    const y = clamp((box.y - top) / scale, 0, height);
    const right = clamp((box.x + box.w - left) / scale, 0, width);
    const bottom = clamp((box.y + box.h - top) / scale, 0, height);
    return { x, y, w: right - x, h: bottom - y, score: box.score };
  });
}

/** Decodes the v8 output format, `[1, 5, boxes]`: rows of center x, center y, width, height, score. */
async function infer(session: InferenceSession, input: Uint8Array, scoreThreshold: number): Promise<FoundBox[]> {
  const inputs = { images: new Tensor('uint8', input, [1, inputHeight, inputWidth, 3]) };
  const output = (await session.run(inputs))['output0'] as Tensor;
  const data = output.data as Float32Array;
  const count = output.dims[2] as number;
  const boxes: FoundBox[] = [];
  for (let i = 0; i < count; i++) {
    const score = data[4 * count + i] as number;
    if (score < scoreThreshold) continue;
    const w = data[2 * count + i] as number;
    const h = data[3 * count + i] as number;
    boxes.push({ x: (data[i] as number) - w / 2, y: (data[count + i] as number) - h / 2, w, h, score });
  }
  return boxes;
}

function nonMaxSuppression(boxes: FoundBox[], iouThreshold: number): FoundBox[] {
  const kept: FoundBox[] = [];
  for (const box of boxes.sort((a, b) => b.score - a.score)) {
    if (kept.every((better) => overlap(better, box) <= iouThreshold)) kept.push(box);
  }
  return kept;
}

/** Intersection over union. */
function overlap(a: Box, b: Box): number {
  const width = Math.max(0, Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x));
  const height = Math.max(0, Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y));
  const both = width * height;
  return both / (a.w * a.h + b.w * b.h - both);
}
