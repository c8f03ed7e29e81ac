/** Names of the output formats of YOLO models and DETRs. Any thread; imports nothing. */

/** Formats of boxes: values of `output_format` in `model.json`. */
export const boxFormatNames = [
  'ultralytics',
  'yolov5',
  'yolox',
  'end-to-end',
  'detr-scores',
  'detr-top-k',
  'detr-logits',
  'boxes-scores',
  'boxes-labels',
  'paddle',
] as const;

/** Formats of classifiers: further values of `output_format`. */
export const classFormatNames = ['probabilities', 'logits'] as const;

export const outputFormatNames = [...boxFormatNames, ...classFormatNames] as const;

export type BoxFormatName = (typeof boxFormatNames)[number];
export type ClassFormatName = (typeof classFormatNames)[number];
export type OutputFormatName = (typeof outputFormatNames)[number];
