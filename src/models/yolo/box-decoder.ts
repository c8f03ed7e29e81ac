/** Decodes a model's outputs into candidate boxes. Worker threads. */
import type { Outputs } from '../model.ts';
import { type Candidates, createCandidates, growCandidates, maxCandidates } from './candidates.ts';
import {
  type BoxFormat,
  type ClassLogits,
  type ClassScores,
  type Columns,
  countCells,
  type Grid,
} from './output-format.ts';
import { tableIssue } from './table-check.ts';

/** Class indices are stored as int32. */
const maxClassIndex = 2 ** 31 - 1;

/** Columns of an output in memory: the value of a row and column is `data[at + row × rowStep + column × columnStep]`. */
export interface ColumnView {
  readonly data: Float32Array;
  readonly at: number;
  readonly rows: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** @throws Error when the model did not return the output. Whether it has the columns is not checked; see `tableIssue`. */
export function viewColumns(outputs: Outputs, { output, at, transposed }: Columns): ColumnView {
  const tensor = outputs[output];
  if (tensor === undefined) throw new Error(`the model returned no output ${output}`);
  const { data, dims } = tensor;
  const last = dims.at(-1) as number;
  const before = dims.at(-2) as number;
  return transposed
    ? { data, at: at * last, rows: last, rowStep: 1, columnStep: last }
    : { data, at, rows: before, rowStep: last, columnStep: 1 };
}

/** For each box of a YOLOX output, the column and row of its grid cell, and the cell's side in input pixels. */
interface Cells {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly stride: Float32Array;
}

/** Grows to the candidates of the busiest frame. */
const initialCandidates = 256;

/** Reuses its buffers, so decoding a frame allocates almost nothing. */
export class BoxDecoder {
  readonly #format: BoxFormat;
  #candidates = createCandidates(initialCandidates);
  readonly #cells: Cells | undefined;
  /** Converts the unit of the boxes to input pixels. */
  readonly #unitX: number;
  readonly #unitY: number;
  /** Best score and class of each row; grow to the number of rows. */
  #best = new Float32Array(0);
  #bestClass = new Int32Array(0);
  #boxes: ColumnView = { data: this.#best, at: 0, rows: 0, rowStep: 0, columnStep: 0 };

  /** @param input size of the model's input in pixels. */
  constructor(format: BoxFormat, input: { readonly width: number; readonly height: number }) {
    this.#format = format;
    this.#cells = format.grids === undefined ? undefined : cellsOf(format.grids);
    const isFraction = format.unit === 'fractions';
    this.#unitX = isFraction ? input.width : 1;
    this.#unitY = isFraction ? input.height : 1;
  }

  /**
   * Collects the boxes whose class scores at least `scoreThreshold`, rounded to float32 like the scores.
   * @param outputs the outputs of one run.
   * @returns corners in input pixels; valid until the next call.
   * @throws Error when the outputs do not have the format's columns.
   */
  decode(outputs: Outputs, scoreThreshold: number): Candidates {
    const { boxes, count, scores } = this.#format;
    const issue = tableIssue(this.#format, outputs);
    if (issue !== undefined) throw new Error(issue);
    const threshold = Math.fround(scoreThreshold);
    this.#candidates.count = 0;
    this.#boxes = viewColumns(outputs, boxes);
    const limit = count === undefined ? this.#boxes.rows : (outputs[count]?.data[0] ?? 0);
    const rows = Math.min(this.#boxes.rows, limit);
    switch (scores.kind) {
      case 'best':
        this.#collectPicked(rows, viewColumns(outputs, scores.score), viewColumns(outputs, scores.label), threshold);
        break;
      case 'logits':
        this.#collectLogits(rows, viewColumns(outputs, scores.columns), scores, threshold);
        break;
      case 'classes':
        this.#findBestClasses(rows, outputs, scores, threshold);
        for (let row = 0; row < rows; row++) {
          const score = this.#best[row] as number;
          if (score >= threshold) this.#add(row, score, this.#bestClass[row] as number);
        }
        break;
    }
    return this.#candidates;
  }

  #findBestClasses(rows: number, outputs: Outputs, scores: ClassScores, scoreThreshold: number): void {
    if (this.#best.length < rows) {
      this.#best = new Float32Array(rows);
      this.#bestClass = new Int32Array(rows);
    }
    const { count, transposed } = scores.columns;
    const classes = viewColumns(outputs, scores.columns);
    const objectness = scores.objectness && viewColumns(outputs, scores.objectness);
    if (transposed) findBestByColumn(classes, count, rows, this.#best, this.#bestClass);
    else findBestByRow(classes, count, rows, this.#best, this.#bestClass, objectness, scoreThreshold);
  }

  #collectLogits(rows: number, view: ColumnView, { columns }: ClassLogits, scoreThreshold: number): void {
    // Comparing logits saves an exponential per value.
    const threshold = scoreThreshold <= 0 ? Number.NEGATIVE_INFINITY : Math.log(scoreThreshold / (1 - scoreThreshold));
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns.count; column++) {
        const logit = view.data[view.at + row * view.rowStep + column * view.columnStep] as number;
        if (logit >= threshold) this.#add(row, 1 / (1 + Math.exp(-logit)), column);
      }
    }
  }

  #collectPicked(rows: number, score: ColumnView, label: ColumnView, threshold: number): void {
    for (let row = 0; row < rows; row++) {
      const value = score.data[score.at + row * score.rowStep] as number;
      if (value >= threshold) this.#add(row, value, classIndexOf(label.data[label.at + row * label.rowStep] as number));
    }
  }

  #add(row: number, score: number, classIndex: number): void {
    if (this.#candidates.count >= maxCandidates) return;
    if (this.#candidates.count >= this.#candidates.score.length) this.#candidates = growCandidates(this.#candidates);
    const found = this.#candidates;
    const { data, at, rowStep, columnStep } = this.#boxes;
    const first = at + row * rowStep;
    let a = (data[first] as number) * this.#unitX;
    let b = (data[first + columnStep] as number) * this.#unitY;
    let c = (data[first + 2 * columnStep] as number) * this.#unitX;
    let d = (data[first + 3 * columnStep] as number) * this.#unitY;
    const cells = this.#cells;
    if (cells !== undefined) {
      const stride = cells.stride[row] as number;
      a = (a + (cells.x[row] as number)) * stride;
      b = (b + (cells.y[row] as number)) * stride;
      c = Math.exp(c) * stride;
      d = Math.exp(d) * stride;
    }
    const isCentered = this.#format.coordinates === 'center';
    const index = found.count++;
    found.x1[index] = isCentered ? a - c / 2 : a;
    found.y1[index] = isCentered ? b - d / 2 : b;
    found.x2[index] = isCentered ? a + c / 2 : c;
    found.y2[index] = isCentered ? b + d / 2 : d;
    // -0 would have the bits of a larger number, by which candidates are sorted.
    found.score[index] = score + 0;
    found.classIndex[index] = classIndex;
    found.row[index] = row;
  }
}

/** @returns -1 for a number that is no class. */
function classIndexOf(label: number): number {
  return Number.isInteger(label) && label >= 0 && label <= maxClassIndex ? label : -1;
}

/** `[1, columns, rows]`: class by class, since the values of one class are adjacent in memory. */
function findBestByColumn(
  { data, at, columnStep }: ColumnView,
  classes: number,
  rows: number,
  best: Float32Array,
  bestClass: Int32Array,
): void {
  best.set(data.subarray(at, at + rows));
  bestClass.fill(0, 0, rows);
  for (let index = 1; index < classes; index++) {
    const first = at + index * columnStep;
    for (let row = 0; row < rows; row++) {
      const score = data[first + row] as number;
      if (score > (best[row] as number)) {
        best[row] = score;
        bestClass[row] = index;
      }
    }
  }
}

/** `[1, rows, columns]`: row by row. No class score exceeds 1, so most rows are skipped by their objectness. */
function findBestByRow(
  { data, at, rowStep }: ColumnView,
  classes: number,
  rows: number,
  best: Float32Array,
  bestClass: Int32Array,
  objectness: ColumnView | undefined,
  scoreThreshold: number,
): void {
  for (let row = 0; row < rows; row++) {
    const factor = objectness === undefined ? 1 : (objectness.data[objectness.at + row * rowStep] as number);
    best[row] = Number.NEGATIVE_INFINITY;
    if (!(factor >= scoreThreshold)) continue;
    const first = at + row * rowStep;
    let score = data[first] as number;
    let index = 0;
    for (let other = 1; other < classes; other++) {
      const value = data[first + other] as number;
      if (value > score) {
        score = value;
        index = other;
      }
    }
    best[row] = factor * score;
    bestClass[row] = index;
  }
}

/** Level by level, each in row-major order (YOLOX, `yolo_head.py`, `decode_outputs`). */
function cellsOf(grids: readonly Grid[]): Cells {
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
