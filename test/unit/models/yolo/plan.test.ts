/** A plan follows from the model file and from what the model returns, and `model.json` overrides it. */
import { test } from 'tap';
import type { Model, Outputs, TensorShape } from '../../../../src/models/model.ts';
import type { ModelOverrides } from '../../../../src/models/model-files.ts';
import { type BoxPlan, planBoxes } from '../../../../src/models/yolo/plan.ts';
import type { BoxTask } from '../../../../src/models/yolo/task.ts';
import { boxOutputs, fakeModel } from '../../../support/fake-model.ts';
import { drawYoloPicture } from '../../../support/yolo-fixtures.ts';

type Dims = readonly (number | string)[];

interface Described {
  readonly input?: Dims;
  readonly inputType?: string;
  /** Inputs beside the image. */
  readonly others?: readonly TensorShape[];
  readonly outputs?: Outputs;
  readonly metadata?: Record<string, string>;
  readonly task?: BoxTask;
}

const side640 = { width: 640, height: 640 };
const picture = drawYoloPicture(96, 64, 1);

function outputsOf(name: Parameters<typeof boxOutputs>[0], boxes: number, classes = 2, input = side640): Outputs {
  return boxOutputs(name, { boxes, classes }, input);
}

const yolov5 = outputsOf('yolov5', 25_200);
const yolox = outputsOf('yolox', 8400);

/** By default a v5 model of 640x640 pixels. */
function modelOf({ input, inputType = 'float32', others = [], outputs = yolov5, metadata = {} }: Described) {
  const image = { name: 'images', type: inputType, dims: input ?? [1, 3, 640, 640] };
  return fakeModel({ inputs: [image, ...others], outputs, metadata });
}

function planOf(model: Model, overrides: ModelOverrides = {}, task: BoxTask = 'detect') {
  return planBoxes(model, task, overrides, picture);
}

async function plan(described: Described, overrides: ModelOverrides = {}): Promise<BoxPlan> {
  const made = await planOf(modelOf(described).model, overrides, described.task);
  if ('issue' in made) throw new Error(made.issue);
  return made;
}

async function issueOf(described: Described, overrides: ModelOverrides = {}): Promise<string> {
  const made = await planOf(modelOf(described).model, overrides, described.task);
  return 'issue' in made ? made.issue : 'none';
}

const unit = { mean: [0, 0, 0], std: [1, 1, 1] };
const bytes = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] };

function endToEndFor(width: number, height: number): Outputs {
  return outputsOf('end-to-end', 300, 2, { width, height });
}

const nchw = (normalization: object) => ({ kind: 'nchw', normalization });

test('the output format implies the preprocessing', async (t) => {
  t.match(await plan({}), {
    task: 'detect',
    format: { name: 'yolov5', boxes: { output: 'output0' }, scores: { columns: { count: 2 } } },
    names: [],
    input: { name: 'images', width: 640, height: 640, layout: nchw({ ...unit, order: 'rgb' }), resize: 'letterbox' },
    constants: {},
  });
  t.match((await plan({ outputs: yolox })).input, {
    layout: nchw({ ...bytes, order: 'bgr' }),
    resize: 'top-left',
  });
});

test('model.json overrides each preprocessing setting separately', async (t) => {
  const inputWith = async (overrides: ModelOverrides) => (await plan({ outputs: yolox }, overrides)).input;
  t.match(await inputWith({ normalization: '0-1' }), {
    layout: nchw({ ...unit, order: 'bgr' }),
    resize: 'top-left',
  });
  t.match(await inputWith({ channel_order: 'rgb' }), { layout: nchw({ ...bytes, order: 'rgb' }) });
  t.match(await inputWith({ letterbox: 'center' }), {
    layout: nchw({ ...bytes, order: 'bgr' }),
    resize: 'letterbox',
  });
  const imageNet = {
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  } satisfies ModelOverrides['normalization'];
  t.match(await inputWith({ normalization: imageNet }), { layout: nchw({ ...imageNet, order: 'bgr' }) });
  t.match((await plan({ outputs: outputsOf('yolov5', 8400) }, { output_format: 'yolov5' })).input, {
    layout: nchw({ ...unit, order: 'rgb' }),
  });
  t.match(await inputWith({ resize: 'stretch' }), { resize: 'stretch' });
  t.match(await inputWith({ resize: 'letterbox' }), { resize: 'letterbox' });
  t.match((await plan({}, { normalization: '0-255' })).input, { layout: nchw({ ...bytes, order: 'rgb' }) });
});

test('a uint8 input takes pixels without normalization', async (t) => {
  const input = [1, 'height', 'width', 3];
  const nhwc = { input, inputType: 'uint8', metadata: { imgsz: '[384, 512]' } };
  const outputs = endToEndFor(512, 384);
  t.match((await plan({ ...nhwc, outputs })).input, { width: 512, height: 384, layout: { kind: 'nhwc' } });
  const { model, runs } = modelOf({ ...nhwc, outputs });
  await planOf(model);
  t.ok(runs.length >= 2, 'a blank image and the picture');
  for (const { images } of runs) t.same([images?.dims, images?.data.constructor], [[1, 384, 512, 3], Uint8Array]);
  for (const overrides of [{ normalization: '0-1' }, { channel_order: 'bgr' }] as const) {
    const issue =
      'input images takes uint8 RGB pixels without normalization; remove normalization and channel_order from model.json';
    t.equal(await issueOf({ ...nhwc, outputs }, overrides), issue);
  }
});

test('class names come from model.json, then from the file', async (t) => {
  const metadata = { names: "{0: 'a', 1: 'b'}" };
  t.same((await plan({ metadata })).names, ['a', 'b']);
  t.same((await plan({ metadata }, { names: ['x', 'y'] })).names, ['x', 'y']);
});

test('rejects a size that is not a multiple of the stride', async (t) => {
  const free = { input: [1, 3, 'height', 'width'], metadata: { stride: '32' } };
  const issue = 'imgsz is [480, 650], but both sides must be multiples of 32';
  t.equal(await issueOf(free, { imgsz: [480, 650] }), issue);
  t.not(await issueOf(free, { imgsz: [480, 640] }), issue);
});

test('a free input takes its size from model.json, then from imgsz, then 640', async (t) => {
  const input = ['batch', 3, 'height', 'width'];
  const outputs = endToEndFor(512, 384);
  const metadata = { imgsz: '[384, 512]' };
  const sizeOf = async (described: Described, overrides?: ModelOverrides) => {
    const { width, height } = (await plan({ input, outputs, ...described }, overrides)).input;
    return [height, width];
  };
  t.same(await sizeOf({}), [640, 640]);
  t.same(await sizeOf({ metadata }), [384, 512]);
  t.same(await sizeOf({ metadata }, { imgsz: [320, 256] }), [320, 256]);
  t.same(await sizeOf({ input: [1, 3, 384, 'width'] }, { imgsz: [384, 256] }), [384, 256]);
  const { model, runs } = modelOf({ input, outputs, metadata });
  await planOf(model);
  t.same(runs[0]?.['images']?.dims, [1, 3, 384, 512]);
  t.ok(
    runs[0]?.['images']?.data.every((value) => value === 0),
    'blank',
  );
  t.notOk(
    runs[1]?.['images']?.data.every((value) => value === 0),
    'the picture',
  );
});

test('rejects imgsz if the file fixes another size', async (t) => {
  t.equal(await issueOf({}, { imgsz: [320, 320] }), 'imgsz is [320, 320], but the file fixes [640, 640]');
});

test('accepts float16 inputs', async (t) => {
  t.match(await plan({ inputType: 'float16' }), { format: { name: 'yolov5' } });
});

test('finds the boxes among feature maps', async (t) => {
  const raw = { data: new Float32Array(3 * 4 * 4 * 7), dims: [1, 3, 4, 4, 7] };
  t.match(await plan({ outputs: { raw, ...yolov5 } }), { format: { name: 'yolov5', boxes: { output: 'output0' } } });
  const other = { data: new Float32Array(10), dims: [1, 10] };
  t.match(
    await issueOf({ outputs: { raw, other } }),
    /^output raw has shape \[1, 3, 4, 4, 7\], output other has shape \[1, 10\]; for a 640x640 input, expected one of: /,
  );
});

test('a file with end2end metadata must have the end-to-end format', async (t) => {
  const metadata = { end2end: 'True' };
  t.match(await plan({ outputs: outputsOf('end-to-end', 25_200), metadata }), { format: { name: 'end-to-end' } });
  t.match(await issueOf({ metadata }), /for a 640x640 input, expected \[1, boxes, 6\] \(end-to-end: v10, v26\)$/);
});

test('rejects another task, unless model.json sets output_format', async (t) => {
  const metadata = { task: 'segment' };
  t.equal(await issueOf({ metadata }), 'its metadata declares the task "segment"; use yolo.segment');
  t.equal(
    await issueOf({ metadata: { task: 'depth' } }),
    'its metadata declares the task "depth"; none of the yolo tools runs it',
  );
  t.match(await plan({ metadata }, { output_format: 'yolov5' }), { format: { name: 'yolov5' } });
});

test('rejects a model with several images', async (t) => {
  const others = [{ name: 'scale', type: 'float32', dims: [1, 2] }];
  t.equal(await issueOf({ others }), 'it has 2 inputs (images, scale); expected one image input');
});

test('other inputs that exporters add are filled, so that boxes come back in input pixels', async (t) => {
  const input = [1, 3, 384, 512];
  const outputs = endToEndFor(512, 384);
  const others = [
    { name: 'orig_target_sizes', type: 'int64', dims: [1, 2] },
    { name: 'im_shape', type: 'float32', dims: [1, 2] },
    { name: 'scale_factor', type: 'float32', dims: [1, 2] },
  ];
  const { model, runs } = modelOf({ input, outputs, others });
  const made = await planOf(model);
  t.match(made, { input: { name: 'images' } });
  const expected = {
    orig_target_sizes: { data: BigInt64Array.of(512n, 384n), dims: [1, 2] },
    im_shape: { data: Float32Array.of(384, 512), dims: [1, 2] },
    scale_factor: { data: Float32Array.of(1, 1), dims: [1, 2] },
  };
  t.strictSame('constants' in made ? made.constants : undefined, expected);
  for (const { images, ...constants } of runs) {
    t.ok(images);
    t.strictSame(constants, expected);
  }
});

test('rejects an input above the pixel limit before allocating it', async (t) => {
  const huge = modelOf({ input: [1, 3, 20_000, 20_000] });
  t.same(await planOf(huge.model), {
    issue: 'input size is [20000, 20000]; expected 1 to 16777216 pixels',
  });
  t.same(huge.runs, [], 'no run');
  const free: Dims = [1, 3, 'height', 'width'];
  t.match(await issueOf({ input: free, metadata: { imgsz: '[99999999, 99999999]' } }), /^input size is \[99999999, /);
  t.match(await issueOf({ input: free, metadata: { imgsz: '[0, 640]' } }), /^input size is \[0, 640\]; /);
  t.match(await issueOf({ input: free }, { imgsz: [8192, 8192] }), /^input size is \[8192, 8192\]; /);
});
