/** Tiny models of every YOLO family with the boxes that the family's own code returns. Tests only. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Image } from '../../src/models/image.ts';

export const yoloFixtures = fileURLToPath(new URL('../fixtures/yolo', import.meta.url));

/** x1, y1, x2, y2 in pixels of the frame, score, class. */
export type ExpectedBox = readonly [number, number, number, number, number, number];

export interface YoloFixture {
  readonly score_threshold: number;
  readonly iou_threshold: number;
  readonly names: readonly string[];
  readonly frames: readonly {
    readonly width: number;
    readonly height: number;
    readonly seed: number;
    readonly boxes: readonly ExpectedBox[];
  }[];
}

export function readYoloFixture(name: string): YoloFixture {
  return JSON.parse(readFileSync(`${yoloFixtures}/${name}.json`, 'utf8')) as YoloFixture;
}

/** The RGB image drawn by `picture` in `native-models/training/export_fixtures.py`. */
export function drawYoloPicture(width: number, height: number, seed: number): Image {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at++) {
    const channel = at % 3;
    const x = Math.floor((Math.floor(at / 3) % width) / 2);
    const y = Math.floor(at / 3 / width / 2);
    const column = Math.floor(x / 5);
    const row = Math.floor(y / 5);
    const value = 37 * column * column + 59 * row * row + 11 * column * row * (channel + 1) + 91 * channel;
    data[at] = value + 2 * x + 3 * y + 29 * seed;
  }
  return { width, height, channels: 3, data };
}
