/** An output format tells which family a model is of, and how that preprocesses. */
import { test } from 'tap';
import type { TensorShape } from '../../../../src/models/model.ts';
import type { ModelOverrides } from '../../../../src/models/model-files.ts';
import { familyOf } from '../../../../src/models/yolo/family.ts';
import type { BoxFormatName } from '../../../../src/models/yolo/format-names.ts';
import type { BoxFormat } from '../../../../src/models/yolo/output-format.ts';
import {
  boxOutputs,
  boxPlan,
  columnsTensor,
  fakeModel,
  formatOf,
  imageInput,
  rowsTensor,
} from '../../../support/fake-model.ts';

const size = { width: 64, height: 64 };
const rgb = { mean: [0, 0, 0], std: [1, 1, 1], order: 'rgb' };
const sizes: TensorShape = { name: 'orig_target_sizes', type: 'int64', dims: [1, 2] };

function family(format: BoxFormat, overrides: ModelOverrides = {}, others: readonly TensorShape[] = []) {
  return familyOf(format, fakeModel({ inputs: [imageInput(size), ...others], outputs: {} }).model, overrides);
}

test('YOLO models keep the aspect ratio, DETRs and Paddle’s models do not', async (t) => {
  const resizes: Partial<Record<BoxFormatName, string>> = {
    ultralytics: 'letterbox',
    yolov5: 'letterbox',
    'end-to-end': 'letterbox',
    'detr-scores': 'stretch',
    'detr-top-k': 'stretch',
    paddle: 'stretch',
  };
  const boxes = { yolov5: 252 } as Partial<Record<BoxFormatName, number>>;
  for (const [name, resize] of Object.entries(resizes)) {
    const format = name as BoxFormatName;
    const outputs = boxOutputs(format, { boxes: boxes[format] ?? 20, classes: 1 }, size);
    t.same(family(formatOf(format, outputs, size)), { normalization: rgb, resize }, name);
  }
});

test('YOLOX takes bytes as OpenCV loads them, at the top left', async (t) => {
  const format = { ...boxPlan('ultralytics').format, name: 'yolox' } as const;
  const normalization = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255], order: 'bgr' };
  t.same(family(format), { normalization, resize: 'top-left' });
});

test('boxes with labels: the authors’ DETRs want the image’s size, YOLO-NAS does not', async (t) => {
  const { format } = boxPlan('boxes-labels');
  t.match(family(format), { resize: 'letterbox' });
  t.match(family(format, {}, [sizes]), { resize: 'stretch' });
});

test('boxes with scores: PP-YOLOE has them class by class, YOLO-NAS box by box', async (t) => {
  const boxes = rowsTensor([0, 0, 9, 9], [0, 0, 9, 9], [0, 0, 9, 9]);
  const formatFor = (scores: ReturnType<typeof rowsTensor>) => formatOf('boxes-scores', { boxes, scores }, size);
  t.match(family(formatFor(rowsTensor([0.1, 0.2], [0.1, 0.2], [0.1, 0.2]))), { resize: 'letterbox' });
  t.match(family(formatFor(columnsTensor([0.1, 0.2], [0.1, 0.2], [0.1, 0.2]))), { resize: 'stretch' });
});

test('boxes with logits: RF-DETR and Transformers are told apart by the outputs’ names', async (t) => {
  const formatFor = (name: string): BoxFormat => {
    const { dets, labels } = boxOutputs('detr-logits', { boxes: 20, classes: 2 }, size);
    return formatOf('detr-logits', { [name]: dets as never, logits: labels as never }, size);
  };
  const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], order: 'rgb' };
  t.same(family(formatFor('dets')), { normalization: imageNet, resize: 'stretch' });
  t.same(family(formatFor('pred_boxes')), { normalization: rgb, resize: 'stretch' });
  t.same(family(formatFor('other')), {
    issue:
      'the outputs of "mine" do not tell how it normalizes images; ' +
      'set "normalization" in model.json: "imagenet" for RF-DETR, "0-1" for RT-DETR and D-FINE',
  });
  t.same(family(formatFor('other'), { normalization: 'imagenet' }), { normalization: rgb, resize: 'stretch' });
});
