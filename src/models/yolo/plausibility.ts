/** Checks whether the boxes of a run can be boxes: a file that is read in the wrong format gives numbers that cannot. Worker threads. */
import type { Outputs } from '../model.ts';
import { viewColumns } from './box-decoder.ts';
import { type Candidates, maxCandidates } from './candidates.ts';
import type { BoxFormat, Columns } from './output-format.ts';

/** Rounding of float16, and of sums of probabilities. */
const scoreSlack = 0.01;
/** Boxes of objects at the edge may have their center outside the input; most do not. */
const maxOutsideFraction = 0.5;

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * @param candidates every box of a run, whatever its score.
 * @param outputs of that run.
 * @param input the model's input in pixels.
 * @param classNames number of class names, if there are any.
 * @returns why they cannot be boxes, as a text that says what was seen; `undefined` if they can, or if there are none.
 */
export function judgeBoxes(
  candidates: Candidates,
  outputs: Outputs,
  format: BoxFormat,
  input: Size,
  classNames?: number,
): string | undefined {
  if (candidates.count < Math.min(maxCandidates, scoreCount(outputs, format))) return 'its scores are not numbers';
  const real = realRows(candidates, format);
  if (real.length === 0) return undefined;
  const rows = real.map((index) => candidates.row[index] as number);
  return (
    scoreIssue(candidates, real, format) ??
    labelIssue(outputs, rows, format, classNames) ??
    fractionIssue(candidates, real, format, input) ??
    sizeIssue(candidates, real) ??
    placeIssue(candidates, real, input)
  );
}

/** The decoder leaves out scores that are not numbers, and no others. */
function scoreCount(outputs: Outputs, { boxes, count, scores }: BoxFormat): number {
  const { rows } = viewColumns(outputs, boxes);
  const used = count === undefined ? rows : Math.min(rows, outputs[count]?.data[0] ?? 0);
  return scores.kind === 'logits' ? used * scores.columns.count : used;
}

/** With NMS in the model, unused rows are padding. */
function realRows({ count, score }: Candidates, { scores }: BoxFormat): number[] {
  const rows = Array.from({ length: count }, (_, index) => index);
  return scores.kind === 'best' ? rows.filter((index) => score[index] !== 0) : rows;
}

/** A DETR's objects are few, so most of its logits are negative. */
const scoreOfZero = 0.5;

function scoreIssue({ score }: Candidates, real: readonly number[], { scores }: BoxFormat): string | undefined {
  const [lowest, highest] = rangeOf(score, real);
  if (scores.kind === 'logits' && lowest >= scoreOfZero) {
    return 'none of its logits is negative, as if they were probabilities';
  }
  if (lowest >= -scoreSlack && highest <= 1 + scoreSlack) return undefined;
  return `its scores are ${shown(lowest)} to ${shown(highest)}; expected 0 to 1`;
}

/** A picked class is a whole number, and has a name if there are names. */
function labelIssue(
  outputs: Outputs,
  rows: readonly number[],
  format: BoxFormat,
  classNames: number | undefined,
): string | undefined {
  const { scores } = format;
  if (scores.kind !== 'best') return pickedIssue(outputs, rows, format);
  const labels = valuesOf(outputs, scores.label, rows);
  const wrong = labels.find((label) => !(Number.isInteger(label) && label >= 0));
  if (wrong !== undefined) return `it has a class ${shown(wrong)}; expected whole numbers from 0`;
  const [, highest] = rangeOf(labels, [...labels.keys()]);
  if (classNames === undefined || highest < classNames) return undefined;
  return `it has a class ${highest}, but names ${classNames} classes`;
}

/** `detr-scores` with two classes and `detr-top-k` have the same shape. A score after a sigmoid is hardly ever a whole number. */
function pickedIssue(outputs: Outputs, rows: readonly number[], { name, scores }: BoxFormat): string | undefined {
  if (name !== 'detr-scores' || scores.kind !== 'classes' || scores.columns.count !== 2) return undefined;
  const last = { ...scores.columns, at: scores.columns.at + 1, count: 1 };
  const isWhole = valuesOf(outputs, last, rows).every(Number.isInteger);
  return isWhole ? 'the scores of its second class are whole numbers' : undefined;
}

function valuesOf(outputs: Outputs, columns: Columns, rows: readonly number[]): number[] {
  const { data, at, rowStep } = viewColumns(outputs, columns);
  return rows.map((row) => data[at + row * rowStep] as number);
}

/**
 * RT-DETR's boxes come from a sigmoid, so that not one can protrude: offsets and logarithms of YOLOX, which have the same shape, do.
 * Those of RF-DETR have no such limits.
 */
function fractionIssue(
  { x1, y1, x2, y2 }: Candidates,
  real: readonly number[],
  { name }: BoxFormat,
  { width, height }: Size,
): string | undefined {
  if (name !== 'detr-scores' && name !== 'detr-top-k') return undefined;
  const values = real.flatMap((index) => {
    const [left, right] = [(x1[index] as number) / width, (x2[index] as number) / width];
    const [top, bottom] = [(y1[index] as number) / height, (y2[index] as number) / height];
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top];
  });
  const [lowest, highest] = rangeOf(values, [...values.keys()]);
  if (lowest >= -scoreSlack && highest <= 1 + scoreSlack) return undefined;
  return `its boxes have values of ${shown(lowest)} to ${shown(highest)}; expected fractions from 0 to 1`;
}

function sizeIssue({ x1, y1, x2, y2 }: Candidates, real: readonly number[]): string | undefined {
  const widths = Float32Array.from(real, (index) => (x2[index] as number) - (x1[index] as number));
  const heights = Float32Array.from(real, (index) => (y2[index] as number) - (y1[index] as number));
  const all = real.map((_, at) => at);
  const [, widest] = rangeOf(widths, all);
  const [, highest] = rangeOf(heights, all);
  if (widest >= 1 && highest >= 1) return undefined;
  return `its largest box is ${shown(widest)} x ${shown(highest)} pixels`;
}

function placeIssue({ x1, y1, x2, y2 }: Candidates, real: readonly number[], input: Size): string | undefined {
  const outside = real.filter((index) => {
    const x = ((x1[index] as number) + (x2[index] as number)) / 2;
    const y = ((y1[index] as number) + (y2[index] as number)) / 2;
    return !(x >= 0 && y >= 0 && x <= input.width && y <= input.height);
  });
  if (outside.length <= maxOutsideFraction * real.length) return undefined;
  return `${outside.length} of its ${real.length} boxes lie outside the input of ${input.width}x${input.height} pixels`;
}

/** Both are not a number if one value is none, so that it does not go unnoticed. */
function rangeOf(values: ArrayLike<number>, indices: readonly number[]): [lowest: number, highest: number] {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (const index of indices) {
    const value = values[index] as number;
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  return [lowest, highest];
}

function shown(value: number): string {
  return String(Number(value.toPrecision(3)));
}
