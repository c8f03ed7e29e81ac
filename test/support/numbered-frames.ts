/** Frames with their number drawn in the image, so that it survives H.264 and re-encoding. Tests only. */
import turbo from '@julusian/jpeg-turbo';
import { createCanvas, fillBox } from './samples/canvas.ts';
import { encodeJpeg } from './samples/render-text.ts';

const width = 640;
const height = 480;
/** A number is a row of blocks, white for 1; a second row has the inverse, to detect corrupted images. */
const bits = 16;
const block = width / bits;
const black = [16, 16, 16] as const;
const white = [235, 235, 235] as const;
const threshold = 128;

/** A JPEG of 640 × 480 that shows `number`. */
export function numberedFrame(number: number): Buffer {
  const canvas = createCanvas(width, height, [96, 110, 120]);
  for (let bit = 0; bit < bits; bit++) {
    const isOne = (number & (1 << bit)) !== 0;
    const box = { x: bit * block, y: 0, w: block, h: block };
    fillBox(canvas, box, isOne ? white : black);
    fillBox(canvas, { ...box, y: block }, isOne ? black : white);
  }
  return Buffer.from(encodeJpeg(canvas));
}

/** The number shown in a JPEG of any size. @returns undefined if there is none. */
export function readNumber(jpeg: Buffer): number | undefined {
  const image = turbo.decompressSync(jpeg, { format: turbo.FORMAT_RGB });
  const step = image.width / bits;
  const isWhite = (bit: number, row: number) => {
    const x = Math.floor((bit + 0.5) * step);
    const y = Math.floor((row + 0.5) * step);
    return (image.data[3 * (y * image.width + x)] ?? 0) > threshold;
  };
  let number = 0;
  for (let bit = 0; bit < bits; bit++) {
    if (isWhite(bit, 0) === isWhite(bit, 1)) return undefined;
    if (isWhite(bit, 0)) number |= 1 << bit;
  }
  return number;
}
