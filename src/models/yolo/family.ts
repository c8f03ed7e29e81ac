/** How the family behind an output format preprocesses, as far as the file tells. Any thread. */
import { unitRgb } from '../image-tensor.ts';
import type { Model } from '../model.ts';
import type { ModelOverrides } from '../model-files.ts';
import { byteBgr, type Issue, imageNet, type Preprocessing } from './input.ts';
import type { BoxFormat } from './output-format.ts';

const letterboxed: Preprocessing = { normalization: unitRgb, resize: 'letterbox' };
const stretched: Preprocessing = { normalization: unitRgb, resize: 'stretch' };

/** @returns the preprocessing, or what `model.json` must say because the file does not. */
export function familyOf(format: BoxFormat, model: Model, overrides: ModelOverrides): Preprocessing | Issue {
  switch (format.name) {
    case 'ultralytics':
    case 'yolov5':
    case 'end-to-end':
      return letterboxed;
    case 'yolox':
      return { normalization: byteBgr, resize: 'top-left' };
    case 'detr-scores':
    case 'detr-top-k':
    case 'paddle':
      return stretched;
    case 'boxes-labels':
      return model.inputs.length > 1 ? stretched : letterboxed;
    case 'boxes-scores':
      // PP-YOLOE has its scores by class, and is trained on stretched images; YOLO-NAS has them by box.
      return format.scores.kind === 'classes' && format.scores.columns.transposed ? stretched : letterboxed;
    case 'detr-logits':
      return logitsFamily(format, model, overrides);
  }
}

/** RF-DETR and the DETRs of Transformers have the same outputs under other names, and normalize differently. */
function logitsFamily({ boxes }: BoxFormat, { name }: Model, overrides: ModelOverrides): Preprocessing | Issue {
  if (boxes.output === 'dets') return { normalization: imageNet, resize: 'stretch' };
  if (boxes.output === 'pred_boxes' || overrides.normalization !== undefined) return stretched;
  const advice = 'set "normalization" in model.json: "imagenet" for RF-DETR, "0-1" for RT-DETR and D-FINE';
  return { issue: `the outputs of "${name}" do not tell how it normalizes images; ${advice}` };
}
