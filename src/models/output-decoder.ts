/** Decodes a YOLO model's output into candidate boxes. Worker threads. */

import type { Tensor } from './model.ts';
import { type Candidates, createCandidates } from './nms.ts';
import { countCells, type OutputFormat } from './output-format.ts';

/** Offsets of the objectness and the first class score in a row of a v5 or YOLOX output. */
const objectnessAt = 4;
const classesAt = 5;
/** A row of an end-to-end output: x1, y1, x2, y2, score, class. */
const endToEndValues = 6;

/** For each box of a YOLOX output, the column and row of its grid cell, and the cell's side in input pixels. */
interface Cells {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly stride: Float32Array;
}

/** Reuses its buffers, so decoding a frame allocates nothing. */
export class OutputDecoder {
  readonly #format: OutputFormat;
  readonly #candidates: Candidates;
  readonly #cells: Cells | undefined;

  /** @param capacity maximum number of candidates per output; further boxes are ignored. */
  constructor(format: OutputFormat, capacity: number) {
    this.#format = format;
    this.#candidates = createCandidates(capacity);
    this.#cells = format.name === 'yolox' ? cellsOf(format) : undefined;
  }

  /**
   * Collects the boxes whose best class scores at least `scoreThreshold`.
   * @param output a tensor of this format.
   * @returns corners in input pixels; valid until the next call.
   */
  decode(output: Tensor, scoreThreshold: number): Candidates {
    this.#candidates.count = 0;
    const format = this.#format;
    switch (format.name) {
      case 'ultralytics':
        this.#decodeColumns(output, format.classes, scoreThreshold);
        break;
      case 'yolov5':
      case 'yolox':
        this.#decodeRows(output, format.classes, scoreThreshold);
        break;
      case 'end-to-end':
        this.#copyRows(output, scoreThreshold);
        break;
    }
    return this.#candidates;
  }

  /** `[1, 4 + classes, boxes]`: one column per box. */
  #decodeColumns({ data, dims }: Tensor, classes: number, scoreThreshold: number): void {
    const boxes = dims[2] as number;
    const found = this.#candidates;
    for (let box = 0; box < boxes && found.count < found.score.length; box++) {
      let score = data[4 * boxes + box] as number;
      let classIndex = 0;
      for (let other = 1; other < classes; other++) {
        const value = data[(4 + other) * boxes + box] as number;
        if (value > score) {
          score = value;
          classIndex = other;
        }
      }
      if (!(score >= scoreThreshold)) continue;
      const width = data[2 * boxes + box] as number;
      const height = data[3 * boxes + box] as number;
      addCentered(found, data[box] as number, data[boxes + box] as number, width, height, score, classIndex);
    }
  }

  /** `[1, boxes, 5 + classes]`: one row per box; its score is objectness × class. */
  #decodeRows({ data, dims }: Tensor, classes: number, scoreThreshold: number): void {
    const boxes = dims[1] as number;
    const found = this.#candidates;
    for (let box = 0; box < boxes && found.count < found.score.length; box++) {
      const row = box * (classesAt + classes);
      const objectness = data[row + objectnessAt] as number;
      // No class score exceeds 1, so most boxes can be skipped by their objectness.
      if (!(objectness >= scoreThreshold)) continue;
      let best = data[row + classesAt] as number;
      let classIndex = 0;
      for (let other = 1; other < classes; other++) {
        const value = data[row + classesAt + other] as number;
        if (value > best) {
          best = value;
          classIndex = other;
        }
      }
      const score = objectness * best;
      if (score >= scoreThreshold) this.#addRow(data, row, box, score, classIndex);
    }
  }

  #addRow(data: Float32Array, row: number, box: number, score: number, classIndex: number): void {
    let x = data[row] as number;
    let y = data[row + 1] as number;
    let width = data[row + 2] as number;
    let height = data[row + 3] as number;
    const cells = this.#cells;
    if (cells !== undefined) {
      const stride = cells.stride[box] as number;
      x = (x + (cells.x[box] as number)) * stride;
      y = (y + (cells.y[box] as number)) * stride;
      width = Math.exp(width) * stride;
      height = Math.exp(height) * stride;
    }
    addCentered(this.#candidates, x, y, width, height, score, classIndex);
  }

  /** `[1, boxes, 6]`: corners, score, class. */
  #copyRows({ data, dims }: Tensor, scoreThreshold: number): void {
    const boxes = dims[1] as number;
    const found = this.#candidates;
    for (let box = 0; box < boxes && found.count < found.score.length; box++) {
      const row = box * endToEndValues;
      const score = data[row + 4] as number;
      if (!(score >= scoreThreshold)) continue;
      const at = found.count++;
      found.x1[at] = data[row] as number;
      found.y1[at] = data[row + 1] as number;
      found.x2[at] = data[row + 2] as number;
      found.y2[at] = data[row + 3] as number;
      found.score[at] = score;
      found.classIndex[at] = data[row + 5] as number;
    }
  }
}

function addCentered(
  found: Candidates,
  x: number,
  y: number,
  width: number,
  height: number,
  score: number,
  classIndex: number,
): void {
  const at = found.count++;
  found.x1[at] = x - width / 2;
  found.y1[at] = y - height / 2;
  found.x2[at] = x + width / 2;
  found.y2[at] = y + height / 2;
  found.score[at] = score;
  found.classIndex[at] = classIndex;
}

/** Level by level, each in row-major order (YOLOX, `yolo_head.py`, `decode_outputs`). */
function cellsOf({ grids }: Extract<OutputFormat, { name: 'yolox' }>): Cells {
  const count = countCells(grids);
  const cells = { x: new Float32Array(count), y: new Float32Array(count), stride: new Float32Array(count) };
  let at = 0;
  for (const { stride, width, height } of grids) {
    for (let cell = 0; cell < width * height; cell++, at++) {
      cells.x[at] = cell % width;
      cells.y[at] = Math.floor(cell / width);
      cells.stride[at] = stride;
    }
  }
  return cells;
}
