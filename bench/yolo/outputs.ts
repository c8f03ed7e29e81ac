/** Raw outputs of YOLO models with a known number of objects, as a network would return them for a 640x640 input. */
import type { Outputs, Tensor } from '../../src/models/model.ts';
import type { BoxTask } from '../../src/models/yolo/task.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';

export const inputSide = 640;
/** Boxes of the strides 8, 16 and 32. */
const rows = 8400;
/** Mask prototypes, as in every YOLO segmentation model. */
const prototypeCount = 32;
const prototypeSide = 160;
export const keypointShape = [17, 3] as const;

/** Boxes of one object that overlap so much that NMS leaves one. */
const boxesPerObject = 8;
/** Sides of objects in pixels. */
const minSide = 24;
const maxSide = 240;
const maxBackgroundScore = 0.05;

/** Classes of the public models: those of COCO, people, and those of DOTA. */
export const classesOf: Readonly<Record<BoxTask, number>> = { detect: 80, segment: 80, pose: 1, obb: 15 };

/** Values per box after its scores. */
export const extrasOf: Readonly<Record<BoxTask, number>> = {
  detect: 0,
  segment: prototypeCount,
  pose: keypointShape[0] * keypointShape[1],
  obb: 1,
};

/** @returns `output0`, and for masks `output1`. The same for the same number of objects. */
export function rawOutputs(task: BoxTask, objects: number): Outputs {
  const random = seededRandom(7);
  const classes = classesOf[task];
  const columns = 4 + classes + extrasOf[task];
  const data = new Float32Array(columns * rows);
  for (let at = 4 * rows; at < (4 + classes) * rows; at++) data[at] = random() * maxBackgroundScore;
  for (let row = 0; row < rows; row++) writeRow(data, row, boxOf(random), task, random);
  for (let object = 0; object < objects; object++) {
    const box = boxOf(random);
    const label = Math.floor(random() * classes);
    const extras = Float32Array.from({ length: extrasOf[task] }, () => 2 * random() - 1);
    for (let copy = 0; copy < boxesPerObject; copy++) {
      // Prime, so that the boxes are spread over the output.
      const row = (object * boxesPerObject + copy) * 7;
      writeRow(
        data,
        row,
        box.map((value) => value + random()),
        task,
        random,
      );
      data[(4 + label) * rows + row] = 0.9 - 0.05 * copy - 0.01 * random();
      if (task !== 'segment') continue;
      for (const [at, value] of extras.entries()) data[(4 + classes + at) * rows + row] = value;
    }
  }
  const output0: Tensor = { data, dims: [1, columns, rows] };
  return task === 'segment' ? { output0, output1: prototypes(random) } : { output0 };
}

type Random = () => number;

/** Center x, center y, width, height. */
function boxOf(random: Random): number[] {
  const side = () => minSide * (maxSide / minSide) ** random();
  return [inputSide * random(), inputSide * random(), side(), side()];
}

function writeRow(data: Float32Array, row: number, box: readonly number[], task: BoxTask, random: Random): void {
  for (const [column, value] of box.entries()) data[column * rows + row] = value;
  const first = 4 + classesOf[task];
  const [x = 0, y = 0] = box;
  for (let extra = 0; extra < extrasOf[task]; extra++) {
    const isX = extra % keypointShape[1] === 0;
    const point = extra % keypointShape[1] === 2 ? random() : (isX ? x : y) + 40 * (random() - 0.5);
    data[(first + extra) * rows + row] = task === 'pose' ? point : 2 * random() - 1;
  }
}

/** Smooth waves, so that masks are blobs with a few parts, like those of real networks. */
function prototypes(random: Random): Tensor {
  const size = prototypeSide * prototypeSide;
  const data = new Float32Array(prototypeCount * size);
  for (let prototype = 0; prototype < prototypeCount; prototype++) {
    const [across, down, phase] = [random() * 0.4, random() * 0.4, random() * 6];
    for (let cell = 0; cell < size; cell++) {
      const [x, y] = [cell % prototypeSide, Math.floor(cell / prototypeSide)];
      data[prototype * size + cell] = Math.cos(across * x + down * y + phase);
    }
  }
  return { data, dims: [1, prototypeCount, prototypeSide, prototypeSide] };
}
