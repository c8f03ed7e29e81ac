/** Tiny models of every YOLO family and task with what the family's own code returns. Tests only. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Image } from '../../src/models/image.ts';

export const yoloFixtures = fileURLToPath(new URL('../fixtures/yolo', import.meta.url));

/** x1, y1, x2, y2 in pixels of the frame, score, class. */
export type ExpectedBox = readonly [number, number, number, number, number, number];

export type YoloTask = 'detect' | 'segment' | 'pose' | 'obb' | 'classify';

/** A mask as COCO stores it: compressed run lengths down the columns, starting with zeros. `size` is height, width. */
export interface ExpectedMask {
  readonly size: readonly [number, number];
  readonly counts: string;
}

/** All lists have one entry per box, in the order of the boxes, except `probabilities`. */
export interface ExpectedFrame {
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  readonly boxes: readonly ExpectedBox[];
  /** Segment: at the size of the model's input, where the boxes cut them. */
  readonly masks?: readonly ExpectedMask[];
  /** Segment: outer contours of each mask. */
  readonly segments?: readonly number[];
  /** Pose: x, y in pixels of the frame, and the score if the model has one. */
  readonly keypoints?: readonly (readonly number[])[][];
  /** Obb: center x, center y, width, height in pixels of the frame, and the angle in radians, 0 to π/2. */
  readonly rotated?: readonly (readonly [number, number, number, number, number])[];
  /** Classify: one per class. */
  readonly probabilities?: readonly number[];
}

export interface YoloFixture {
  readonly task: YoloTask;
  /** The tool that runs this model. */
  readonly tool: string;
  readonly score_threshold: number;
  readonly iou_threshold: number;
  readonly names: readonly string[];
  /** The model.json without which the file would be read wrong. */
  readonly model_json?: Readonly<Record<string, unknown>>;
  readonly frames: readonly ExpectedFrame[];
}

export function readYoloFixture(name: string): YoloFixture {
  const fixture = JSON.parse(readFileSync(`${yoloFixtures}/${name}.json`, 'utf8')) as YoloFixture;
  // The first fixtures had no other task than to detect, and do not name it.
  return { ...fixture, task: fixture.task ?? 'detect', tool: fixture.tool ?? 'yolo.detect_objects' };
}

/** The pixels of a mask, row by row, each 0 or 1. Decodes the text of pycocotools. */
export function decodeMask({ size: [height, width], counts }: ExpectedMask): Uint8Array {
  const mask = new Uint8Array(width * height);
  const runs = readRuns(counts);
  let at = 0;
  for (const [index, run] of runs.entries()) {
    const end = at + run;
    for (; at < end; at++) mask[(at % height) * width + Math.floor(at / height)] = index % 2;
  }
  return mask;
}

/** Groups of five bits, lowest first, each added to "0"; 32 says that more follow, and 16 in the last one is the sign. */
function readRuns(counts: string): number[] {
  const runs: number[] = [];
  let value = 0;
  let shift = 0;
  for (const character of counts) {
    const group = character.charCodeAt(0) - 48;
    value |= (group & 31) << shift;
    shift += 5;
    if (group & 32) continue;
    if (group & 16) value -= 1 << shift;
    // From the fourth run on, the text has the difference to the run two before.
    runs.push(value + (runs.length > 2 ? (runs.at(-2) ?? 0) : 0));
    value = 0;
    shift = 0;
  }
  return runs;
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
