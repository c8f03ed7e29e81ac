/** How a model's outputs say where its boxes are. Any thread; types and arithmetic only. */
import type { BoxFormatName } from './format-names.ts';

/** Adjacent columns of a table that has one row per box. */
export interface Columns {
  /** Name of the output. */
  readonly output: string;
  /** First column. */
  readonly at: number;
  readonly count: number;
  /** The output is `[1, columns, rows]`, not `[1, rows, columns]` or `[rows, columns]`. */
  readonly transposed: boolean;
}

/** One score per class. The score of a box is that of its best class, times its objectness if there is one. */
export interface ClassScores {
  readonly kind: 'classes';
  readonly columns: Columns;
  readonly objectness?: Columns;
}

/** One logit per class: every class that reaches the threshold makes a detection of its own, as in DETRs. */
export interface ClassLogits {
  readonly kind: 'logits';
  readonly columns: Columns;
}

/** The model itself has picked the class. */
export interface BestClass {
  readonly kind: 'best';
  readonly score: Columns;
  readonly label: Columns;
}

/**
 * The format of boxes.
 * `ultralytics`: `[1, 4 + classes + extras, N]`, one column per box: center x, center y, width, height in input pixels, then one
 * score per class after the sigmoid (Ultralytics v8, v9, v11, v12 exports without NMS).
 * `yolov5`: `[1, N, 5 + classes + extras]`, one row per box: center x, center y, width, height in input pixels, objectness, one
 * score per class (v5, v7).
 * `yolox`: the same rows with the box relative to its grid cell: center = (v + cell) × stride, size = exp(v) × stride.
 * `end-to-end`: `[1, N, 6 + extras]`, one row per box: x1, y1, x2, y2 in input pixels, score, class; NMS is already applied (v10,
 * v26, and exports with NMS in the model). Rotated boxes are center x, center y, width, height.
 * `detr-scores`: `[1, N, 4 + classes]`: center x, center y, width, height as fractions of the input, scores (RT-DETR by Ultralytics).
 * `detr-top-k`: `[1, N, 6]`: the same box, score, class (RT-DETR by Ultralytics since 2026).
 * `detr-logits`: boxes `[1, N, 4]` as fractions, logits `[1, N, classes]` (RF-DETR, and the DETRs of Transformers).
 * `boxes-scores`: boxes `[1, N, 4]` as x1, y1, x2, y2 in input pixels, scores `[1, N, classes]` (YOLO-NAS) or `[1, classes, N]`
 * (PP-YOLOE).
 * `boxes-labels`: boxes `[1, N, 4]` as x1, y1, x2, y2 in input pixels, labels `[1, N]`, scores `[1, N]` (RT-DETR and D-FINE by their
 * authors; YOLO-NAS and others with NMS).
 * `paddle`: `[N, 6]`: class, score, x1, y1, x2, y2 in input pixels (PaddleDetection with NMS).
 */
export interface BoxFormat {
  readonly name: BoxFormatName;
  /** Four columns. */
  readonly boxes: Columns;
  readonly coordinates: 'center' | 'corners';
  readonly unit: 'pixels' | 'fractions';
  /** Boxes are relative to the cells of these grids. */
  readonly grids?: readonly Grid[];
  readonly scores: ClassScores | ClassLogits | BestClass;
  /** Values that belong to a box: mask coefficients, keypoints, or an angle. */
  readonly extras?: Columns;
  /** Output with the mask prototypes, `[1, coefficients, height, width]`. */
  readonly prototypes?: string;
  /** Output with the number of valid rows. */
  readonly count?: string;
  /** Whether several boxes of one object remain, so that NMS must be applied. */
  readonly needsNms: boolean;
}

/** The number of classes, if the outputs tell. */
export function classCountOf({ scores }: Pick<BoxFormat, 'scores'>): number | undefined {
  return scores.kind === 'best' ? undefined : scores.columns.count;
}

/** One level of a feature pyramid: cells of `stride` × `stride` input pixels. */
export interface Grid {
  readonly stride: number;
  readonly width: number;
  readonly height: number;
}

/** Strides of known feature pyramids: default, P6, P2, P7, and the two levels of the v3 and v4 "tiny" models. */
export const pyramids = [
  [8, 16, 32],
  [8, 16, 32, 64],
  [4, 8, 16, 32],
  [8, 16, 32, 64, 128],
  [16, 32],
] as const;

export function gridsOf(strides: readonly number[], inputWidth: number, inputHeight: number): Grid[] {
  return strides.map((stride) => ({
    stride,
    width: Math.ceil(inputWidth / stride),
    height: Math.ceil(inputHeight / stride),
  }));
}

export function countCells(grids: readonly Grid[]): number {
  return grids.reduce((cells, { width, height }) => cells + width * height, 0);
}
