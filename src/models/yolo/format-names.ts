/** Names of the output formats of object detectors. Any thread; imports nothing. */

/** Values of `output_format` in `model.json`. */
export const outputFormatNames = ['ultralytics', 'yolov5', 'yolox', 'end-to-end'] as const;

export type OutputFormatName = (typeof outputFormatNames)[number];
