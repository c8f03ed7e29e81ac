/** Detects the output format of a YOLO export from the output's shape and the file's metadata. Any thread. */
import type { TensorShape } from './model.ts';
import { type OutputFormatName, outputFormatNames } from './yolo/format-names.ts';

/**
 * A YOLO output's format.
 * `ultralytics`: `[1, 4 + classes, N]`, one column per box: center x, center y, width, height in input pixels, then one score
 * per class after the sigmoid (Ultralytics v8, v9, v11, v12 exports without NMS).
 * `yolov5`: `[1, N, 5 + classes]`, one row per box: center x, center y, width, height in input pixels, objectness, one score
 * per class; a box's score is objectness × class (v5, v7).
 * `yolox`: the same rows with the box relative to its grid cell: center = (v + cell) × stride, size = exp(v) × stride.
 * `end-to-end`: `[1, N, 6]`, one row per box: x1, y1, x2, y2 in input pixels, score, class; NMS is already applied (v10, v26,
 * and exports with NMS in the model).
 */
export type OutputFormat =
  | { readonly name: 'ultralytics' | 'yolov5'; readonly classes: number }
  | { readonly name: 'yolox'; readonly classes: number; readonly grids: readonly Grid[] }
  | { readonly name: 'end-to-end' };

/** One level of a feature pyramid: cells of `stride` × `stride` input pixels. */
export interface Grid {
  readonly stride: number;
  readonly width: number;
  readonly height: number;
}

/** What is known besides the output's shape. */
export interface OutputHints {
  readonly inputWidth: number;
  readonly inputHeight: number;
  /** Number of class names, if there are any. */
  readonly classNames?: number | undefined;
  /** `output_format` of `model.json`. */
  readonly format?: OutputFormatName | undefined;
  /** The metadata says that the model applies NMS itself (Ultralytics' `end2end`). */
  readonly endToEnd?: boolean | undefined;
}

/** Values before the class scores: the box, and for v5 and YOLOX also the objectness. */
const boxValues = 4;
const boxAndObjectness = 5;
const endToEndValues = 6;

/** Strides of known feature pyramids: default, P6, P2, P7, and the two levels of the v3 and v4 "tiny" models. */
const pyramids = [
  [8, 16, 32],
  [8, 16, 32, 64],
  [4, 8, 16, 32],
  [8, 16, 32, 64, 128],
  [16, 32],
];

/** v5 and v7 predict this many boxes per cell, one per anchor; YOLOX predicts one. */
const anchorsPerCell = 3;

function gridsOf(strides: readonly number[], { inputWidth, inputHeight }: OutputHints): Grid[] {
  return strides.map((stride) => ({
    stride,
    width: Math.ceil(inputWidth / stride),
    height: Math.ceil(inputHeight / stride),
  }));
}

export function countCells(grids: readonly Grid[]): number {
  return grids.reduce((cells, { width, height }) => cells + width * height, 0);
}

/** Finds the pyramid with `boxes` boxes in total. */
function findGrids(boxes: number, perCell: number, hints: OutputHints): Grid[] | undefined {
  return pyramids.map((strides) => gridsOf(strides, hints)).find((grids) => countCells(grids) * perCell === boxes);
}

/** The format of a given name, if the output's last two dimensions fit it. */
function fitFormat(
  name: OutputFormatName,
  rows: number,
  columns: number,
  hints: OutputHints,
): OutputFormat | undefined {
  const isNamed = hints.format === name;
  switch (name) {
    case 'ultralytics': {
      const classes = rows - boxValues;
      return classes >= 1 && (isNamed || columns >= rows) ? { name, classes } : undefined;
    }
    case 'yolov5': {
      const classes = columns - boxAndObjectness;
      const fits = isNamed || findGrids(rows, anchorsPerCell, hints) !== undefined;
      return classes >= 1 && fits ? { name, classes } : undefined;
    }
    case 'yolox': {
      const classes = columns - boxAndObjectness;
      const grids = findGrids(rows, 1, hints);
      return classes >= 1 && grids !== undefined ? { name, classes, grids } : undefined;
    }
    case 'end-to-end':
      return columns === endToEndValues ? { name } : undefined;
  }
}

/** Possible formats; if a shape fits several, the first one is the most likely. */
function candidatesOf({ format, endToEnd }: OutputHints): readonly OutputFormatName[] {
  if (format !== undefined) return [format];
  return endToEnd ? ['end-to-end'] : outputFormatNames;
}

/**
 * Detects the output format from an output shape of an actual run.
 * @returns the format, or why the shape fits none.
 */
export function detectOutputFormat(output: TensorShape, hints: OutputHints): OutputFormat | { readonly issue: string } {
  const [batch, rows, columns] = output.dims;
  const issue = { issue: `output ${output.name} has shape [${output.dims.join(', ')}]; ${describeExpected(hints)}` };
  if (output.dims.length !== 3 || batch !== 1) return issue;
  if (typeof rows !== 'number' || typeof columns !== 'number') return issue;
  const fits = candidatesOf(hints).flatMap((name) => fitFormat(name, rows, columns, hints) ?? []);
  const named = fits.find((format) => hasClasses(format, hints.classNames));
  if (named !== undefined) return named;
  const [first] = fits;
  if (first === undefined || first.name === 'end-to-end') return issue;
  return { issue: `output ${output.name} has ${first.classes} classes, but the model names ${hints.classNames}` };
}

function hasClasses(format: OutputFormat, classNames: number | undefined): boolean {
  return format.name === 'end-to-end' || classNames === undefined || format.classes === classNames;
}

/** The expected shapes, with the numbers of boxes for this input size. */
function describeExpected(hints: OutputHints): string {
  const boxes = (perCell: number) =>
    pyramids
      .slice(0, 2)
      .map((strides) => perCell * countCells(gridsOf(strides, hints)))
      .join(' or ');
  const shapes: Record<OutputFormatName, string> = {
    ultralytics: '[1, 4 + classes, boxes] (ultralytics: v8, v9, v11, v12)',
    yolov5: `[1, ${boxes(anchorsPerCell)}, 5 + classes] (yolov5: v5, v7)`,
    yolox: `[1, ${boxes(1)}, 5 + classes] (yolox)`,
    'end-to-end': '[1, boxes, 6] (end-to-end: v10, v26)',
  };
  const expected = candidatesOf(hints).map((name) => shapes[name]);
  const input = `for a ${hints.inputWidth}x${hints.inputHeight} input`;
  return `${input}, expected ${expected.length > 1 ? 'one of: ' : ''}${expected.join(', ')}`;
}
