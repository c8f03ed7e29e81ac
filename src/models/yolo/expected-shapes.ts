/** Says which output shapes a tool expects. Any thread. */
import type { FitHints, OutputShape } from './fit-hints.ts';
import type { BoxFormatName } from './format-names.ts';
import { countCells, gridsOf, pyramids } from './output-format.ts';
import type { BoxTask } from './task.ts';

/** What a box has after its scores. */
const extraNames: Readonly<Record<BoxTask, string>> = {
  detect: '',
  segment: ' + mask coefficients',
  pose: ' + keypoints',
  obb: ' + angle',
};

/** @returns `output output0 has shape [1, 4, 7]; for a 64x64 input, expected one of: …`. */
export function describeExpected(outputs: readonly OutputShape[], hints: FitHints): string {
  const found = outputs.map(({ name, dims }) => `output ${name} has shape [${dims.join(', ')}]`).join(', ');
  const { inputWidth, inputHeight, task } = hints;
  const shapes = shapesOf(hints);
  const expected = hints.names.flatMap((name) => shapes[name] ?? []);
  const prototypes = task === 'segment' ? ', and mask prototypes [1, coefficients, height, width]' : '';
  const alternatives = `${expected.length > 1 ? 'one of: ' : ''}${expected.join(', ')}`;
  return `${found}; for a ${inputWidth}x${inputHeight} input, expected ${alternatives}${prototypes}`;
}

/** The shapes by format, with the numbers of boxes for this input size. */
function shapesOf({ task, inputWidth, inputHeight }: FitHints): Partial<Record<BoxFormatName, string>> {
  const boxes = (perCell: number) =>
    pyramids
      .slice(0, 2)
      .map((strides) => perCell * countCells(gridsOf(strides, inputWidth, inputHeight)))
      .join(' or ');
  const extras = extraNames[task];
  const shapes = {
    ultralytics: `[1, 4 + classes${extras}, boxes] (ultralytics: v8, v9, v11, v12)`,
    yolov5: `[1, ${boxes(3)}, 5 + classes${extras}] (yolov5: v5, v7)`,
    'end-to-end': `[1, boxes, 6${extras}] (end-to-end: v10, v26)`,
  };
  if (task !== 'detect') return shapes;
  return {
    ...shapes,
    yolox: `[1, ${boxes(1)}, 5 + classes] (yolox)`,
    'detr-scores': '[1, boxes, 4 + classes] (detr-scores: RT-DETR)',
    'detr-logits': 'boxes [1, boxes, 4] with scores (RF-DETR, YOLO-NAS, and others)',
  };
}
