/** Recognises what a YOLO export gives, from its output's shape and what the file says of itself. Any thread. */
import type { TensorShape } from './onnx-model.ts';

/** The layouts by the names that `head` of `model.json` takes. */
export const headNames = ['ultralytics', 'yolov5', 'yolox', 'end-to-end'] as const;

export type HeadName = (typeof headNames)[number];

/**
 * A YOLO output's layout.
 * `ultralytics`: `[1, 4 + classes, N]`, rows of centre x, centre y, width, height in input pixels, then one score a class
 * after the sigmoid (Ultralytics v8, v9, v11, v12 exports without NMS).
 * `yolov5`: `[1, N, 5 + classes]`, a row a box: centre x, centre y, width, height in input pixels, objectness, one score a
 * class; a box scores objectness × class (v5, v7).
 * `yolox`: the same row, with the box as offsets in cells of its grid: centre = (v + cell) × stride, size = exp(v) × stride.
 * `end-to-end`: `[1, N, 6]`, a row a box: x1, y1, x2, y2 in input pixels, score, class; suppressed already (v10, v26, and
 * exports with NMS in the model).
 */
export type YoloHead =
  | { readonly layout: 'ultralytics' | 'yolov5'; readonly classes: number }
  | { readonly layout: 'yolox'; readonly classes: number; readonly grids: readonly Grid[] }
  | { readonly layout: 'end-to-end' };

/** One level of a feature pyramid: cells of `stride` × `stride` input pixels. */
export interface Grid {
  readonly stride: number;
  readonly width: number;
  readonly height: number;
}

/** What is known beside the output. */
export interface HeadHints {
  readonly inputWidth: number;
  readonly inputHeight: number;
  /** How many classes are named, where any are. */
  readonly classNames?: number | undefined;
  /** The layout that `model.json` names. */
  readonly head?: HeadName | undefined;
  /** The file says that it needs no suppression (Ultralytics' metadata `end2end`). */
  readonly endToEnd?: boolean | undefined;
}

/** Values before the class scores: the box; for v5 and YOLOX also the objectness. */
const boxValues = 4;
const boxAndObjectness = 5;
const endToEndValues = 6;

/** The strides of the pyramids in use: usual, P6, P2, P7, and the two levels of the v3 and v4 "tiny" models. */
const pyramids = [
  [8, 16, 32],
  [8, 16, 32, 64],
  [4, 8, 16, 32],
  [8, 16, 32, 64, 128],
  [16, 32],
];

/** v5 and v7 predict this many boxes a cell, one for each anchor; YOLOX predicts one. */
const anchorsPerCell = 3;

function gridsOf(strides: readonly number[], { inputWidth, inputHeight }: HeadHints): Grid[] {
  return strides.map((stride) => ({
    stride,
    width: Math.ceil(inputWidth / stride),
    height: Math.ceil(inputHeight / stride),
  }));
}

export function countCells(grids: readonly Grid[]): number {
  return grids.reduce((cells, { width, height }) => cells + width * height, 0);
}

/** The pyramid whose cells, times the boxes of each, are as many as the output has boxes. */
function findGrids(boxes: number, perCell: number, hints: HeadHints): Grid[] | undefined {
  return pyramids.map((strides) => gridsOf(strides, hints)).find((grids) => countCells(grids) * perCell === boxes);
}

/** The layout that a name stands for, where the output's two free dimensions allow it. */
function readAs(layout: HeadName, rows: number, columns: number, hints: HeadHints): YoloHead | undefined {
  const isNamed = hints.head === layout;
  switch (layout) {
    case 'ultralytics': {
      const classes = rows - boxValues;
      return classes >= 1 && (isNamed || columns >= rows) ? { layout, classes } : undefined;
    }
    case 'yolov5': {
      const classes = columns - boxAndObjectness;
      const fits = isNamed || findGrids(rows, anchorsPerCell, hints) !== undefined;
      return classes >= 1 && fits ? { layout, classes } : undefined;
    }
    case 'yolox': {
      const classes = columns - boxAndObjectness;
      const grids = findGrids(rows, 1, hints);
      return classes >= 1 && grids !== undefined ? { layout, classes, grids } : undefined;
    }
    case 'end-to-end':
      return columns === endToEndValues ? { layout } : undefined;
  }
}

/** Which layouts come into question, the likelier first where a shape fits several. */
function candidatesOf({ head, endToEnd }: HeadHints): readonly HeadName[] {
  if (head !== undefined) return [head];
  return endToEnd ? ['end-to-end'] : headNames;
}

/**
 * Recognises a head from the shape that a run of the model gave.
 * @returns the head, or why the shape fits none.
 */
export function recognizeHead(output: TensorShape, hints: HeadHints): YoloHead | { readonly issue: string } {
  const [batch, rows, columns] = output.dims;
  const issue = { issue: `output ${output.name} has shape [${output.dims.join(', ')}]; ${describeExpected(hints)}` };
  if (output.dims.length !== 3 || batch !== 1) return issue;
  if (typeof rows !== 'number' || typeof columns !== 'number') return issue;
  const fits = candidatesOf(hints).flatMap((layout) => readAs(layout, rows, columns, hints) ?? []);
  const named = fits.find((head) => hasClasses(head, hints.classNames));
  if (named !== undefined) return named;
  const [first] = fits;
  if (first === undefined || first.layout === 'end-to-end') return issue;
  return { issue: `output ${output.name} has ${first.classes} classes, but the model names ${hints.classNames}` };
}

function hasClasses(head: YoloHead, classNames: number | undefined): boolean {
  return head.layout === 'end-to-end' || classNames === undefined || head.classes === classNames;
}

/** The shapes that would fit, with the numbers of boxes that this input's size leads to. */
function describeExpected(hints: HeadHints): string {
  const boxes = (perCell: number) =>
    pyramids
      .slice(0, 2)
      .map((strides) => perCell * countCells(gridsOf(strides, hints)))
      .join(' or ');
  const shapes: Record<HeadName, string> = {
    ultralytics: '[1, 4 + classes, boxes] (ultralytics: v8, v9, v11, v12)',
    yolov5: `[1, ${boxes(anchorsPerCell)}, 5 + classes] (yolov5: v5, v7)`,
    yolox: `[1, ${boxes(1)}, 5 + classes] (yolox)`,
    'end-to-end': '[1, boxes, 6] (end-to-end: v10, v26)',
  };
  const fitting = candidatesOf(hints).map((layout) => shapes[layout]);
  const input = `for an input ${hints.inputWidth} wide and ${hints.inputHeight} high`;
  return `${input}, ${fitting.length > 1 ? 'one of these' : 'this'} would fit: ${fitting.join(', ')}`;
}
