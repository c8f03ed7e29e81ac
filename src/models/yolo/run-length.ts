/** Encodes masks as COCO's compressed run-length encoding. Worker threads. */
import type { MaskRle } from '../../protocol.ts';
import type { Bitmap } from './mask-grid.ts';

/** Bits per character, and what is added to make it printable (`rleToString` in COCO's `maskApi.c`). */
const bitsPerCharacter = 5;
const valueMask = 0x1f;
const signBit = 0x10;
const continueBit = 0x20;
const firstCharacter = 48;

/**
 * @param mask a part of the frame; the rest is background.
 * @param frame size in pixels.
 */
export function encodeRunLengths(mask: Bitmap, frame: { readonly width: number; readonly height: number }): MaskRle {
  return { size: [frame.height, frame.width], counts: compress(runsOf(mask, frame.width, frame.height)) };
}

/** Lengths of the runs of 0 and 1, column by column, beginning with 0. */
function runsOf({ x, y, width, height, data }: Bitmap, frameWidth: number, frameHeight: number): number[] {
  const runs: number[] = [];
  let value = 0;
  let length = x * frameHeight;
  const add = (next: number, pixels: number) => {
    if (next !== value) {
      runs.push(length);
      length = 0;
      value = next;
    }
    length += pixels;
  };
  for (let column = 0; column < width; column++) {
    if (y > 0) add(0, y);
    for (let row = 0; row < height; row++) add(data[row * width + column] as number, 1);
    const below = frameHeight - y - height;
    if (below > 0) add(0, below);
  }
  const right = (frameWidth - x - width) * frameHeight;
  if (right > 0) add(0, right);
  return [...runs, length];
}

/** Each run as the difference to the run two before it, in characters of five bits, lowest first. */
function compress(runs: readonly number[]): string {
  const characters: number[] = [];
  for (const [index, run] of runs.entries()) {
    let value = index > 2 ? run - (runs[index - 2] as number) : run;
    let hasMore = true;
    while (hasMore) {
      const bits = value & valueMask;
      value >>= bitsPerCharacter;
      hasMore = (bits & signBit) === 0 ? value !== 0 : value !== -1;
      characters.push((hasMore ? bits | continueBit : bits) + firstCharacter);
    }
  }
  return Buffer.from(characters).toString('latin1');
}
