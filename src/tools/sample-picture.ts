/** A picture with a street, a car and its plate, on which a model's outputs are checked when it is loaded. Worker threads. */
import { readFile } from 'node:fs/promises';
import type { Image } from '../models/image.ts';
import { JpegDecoder } from './jpeg-decoder.ts';

const file = new URL('../sample-frames/AB123CD.jpg', import.meta.url);

let decoded: Promise<Image> | undefined;

/** RGB, 640x480. Decoded once per thread. */
export function samplePicture(): Promise<Image> {
  decoded ??= decodeSample();
  return decoded;
}

async function decodeSample(): Promise<Image> {
  const decoder = await JpegDecoder.create();
  return (await decoder.decode(await readFile(file))).image;
}
