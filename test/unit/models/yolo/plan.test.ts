/** A detector's plan follows from the model file, and `model.json` overrides it. */
import { test } from 'tap';
import { type DetectorPlan, planDetector } from '../../../src/models/detector.ts';
import type { Model, TensorShape } from '../../../src/models/model.ts';
import type { ModelOverrides } from '../../../src/models/model-files.ts';

type Dims = readonly (number | string)[];

interface Described {
  readonly input?: Dims;
  readonly inputType?: string;
  readonly outputs?: Readonly<Record<string, readonly number[]>>;
  readonly metadata?: Record<string, string>;
}

/** A model that returns empty outputs of these shapes and records its input shapes. */
function modelOf({ input, inputType, outputs = { out: [1, 25_200, 7] }, metadata = {} }: Described) {
  const inputShapes: (readonly number[])[] = [];
  const tensor = (name: string, dims: Dims, type = 'float32'): TensorShape => ({ name, type, dims });
  const model: Model = {
    name: 'mine',
    provider: 'cpu',
    inputs: [tensor('images', input ?? [1, 3, 640, 640], inputType)],
    outputs: Object.keys(outputs).map((name) => tensor(name, ['a', 'b', 'c'])),
    metadata,
    overrides: {},
    async run(tensors) {
      inputShapes.push(tensors['images']?.dims ?? []);
      return Object.fromEntries(
        Object.entries(outputs).map(([name, dims]) => [name, { data: new Float32Array(0), dims }]),
      );
    },
  };
  return { model, inputShapes };
}

async function plan(described: Described, overrides: ModelOverrides = {}): Promise<DetectorPlan> {
  const made = await planDetector(modelOf(described).model, overrides);
  if ('issue' in made) throw new Error(made.issue);
  return made;
}

async function issueOf(described: Described, overrides: ModelOverrides = {}): Promise<string> {
  const made = await planDetector(modelOf(described).model, overrides);
  return 'issue' in made ? made.issue : 'none';
}

const unit = { mean: [0, 0, 0], std: [1, 1, 1] };
const bytes = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] };
const yolox = { out: [1, 8400, 7] };

const nchw = (normalization: object) => ({ kind: 'nchw', normalization });

test('the output format implies the preprocessing', async (t) => {
  t.match(await plan({}), {
    format: { name: 'yolov5', classes: 2 },
    names: [],
    input: { name: 'images', width: 640, height: 640, layout: nchw({ ...unit, order: 'rgb' }), alignment: 'center' },
    output: { name: 'out', dims: [1, 25_200, 7] },
  });
  t.match((await plan({ outputs: yolox })).input, {
    layout: nchw({ ...bytes, order: 'bgr' }),
    alignment: 'top-left',
  });
});

test('model.json overrides each preprocessing setting separately', async (t) => {
  const inputWith = async (overrides: ModelOverrides) => (await plan({ outputs: yolox }, overrides)).input;
  t.match(await inputWith({ normalization: '0-1' }), {
    layout: nchw({ ...unit, order: 'bgr' }),
    alignment: 'top-left',
  });
  t.match(await inputWith({ channel_order: 'rgb' }), { layout: nchw({ ...bytes, order: 'rgb' }) });
  t.match(await inputWith({ letterbox: 'center' }), {
    layout: nchw({ ...bytes, order: 'bgr' }),
    alignment: 'center',
  });
  const imageNet = {
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  } satisfies ModelOverrides['normalization'];
  t.match(await inputWith({ normalization: imageNet }), { layout: nchw({ ...imageNet, order: 'bgr' }) });
  t.match((await plan({ outputs: yolox }, { output_format: 'yolov5' })).input, {
    layout: nchw({ ...unit, order: 'rgb' }),
  });
  t.match((await plan({}, { normalization: '0-255' })).input, { layout: nchw({ ...bytes, order: 'rgb' }) });
});

test('a uint8 input takes pixels without normalization', async (t) => {
  const input = [1, 'height', 'width', 3];
  const nhwc = { input, inputType: 'uint8', metadata: { imgsz: '[384, 512]' } };
  const outputs = { out: [1, 300, 6] };
  t.match((await plan({ ...nhwc, outputs })).input, { width: 512, height: 384, layout: { kind: 'nhwc' } });
  const { model, inputShapes } = modelOf({ ...nhwc, outputs });
  await planDetector(model, {});
  t.same(inputShapes, [[1, 384, 512, 3]]);
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
  const outputs = { out: [1, 300, 6] };
  const metadata = { imgsz: '[384, 512]' };
  const sizeOf = async (described: Described, overrides?: ModelOverrides) => {
    const { width, height } = (await plan({ input, outputs, ...described }, overrides)).input;
    return [height, width];
  };
  t.same(await sizeOf({}), [640, 640]);
  t.same(await sizeOf({ metadata }), [384, 512]);
  t.same(await sizeOf({ metadata }, { imgsz: [320, 256] }), [320, 256]);
  t.same(await sizeOf({ input: [1, 3, 384, 'width'] }, { imgsz: [384, 256] }), [384, 256]);
  const { model, inputShapes } = modelOf({ input, outputs, metadata });
  await planDetector(model, {});
  t.same(inputShapes, [[1, 3, 384, 512]]);
});

test('rejects imgsz if the file fixes another size', async (t) => {
  t.equal(await issueOf({}, { imgsz: [320, 320] }), 'imgsz is [320, 320], but the file fixes [640, 640]');
});

test('accepts float16 inputs', async (t) => {
  t.match(await plan({ inputType: 'float16' }), { format: { name: 'yolov5' } });
});

test('uses the first output with a known format', async (t) => {
  const outputs = { raw: [1, 3, 80, 80, 7], boxes: [1, 25_200, 7] };
  t.match((await plan({ outputs })).output, { name: 'boxes' });
  t.match(
    await issueOf({ outputs: { raw: [1, 3, 80, 80, 7], other: [1, 10] } }),
    /^output raw has shape \[1, 3, 80, 80, 7\]/,
  );
  t.equal(await issueOf({ outputs: {} }), 'it has no output');
});

test('a file with end2end metadata must have the end-to-end format', async (t) => {
  const metadata = { end2end: 'True' };
  t.match(await plan({ outputs: { out: [1, 25_200, 6] }, metadata }), { format: { name: 'end-to-end' } });
  t.match(await issueOf({ metadata }), /for a 640x640 input, expected \[1, boxes, 6\] \(end-to-end: v10, v26\)$/);
});

test('rejects another task, unless model.json sets output_format', async (t) => {
  const metadata = { task: 'segment' };
  t.equal(await issueOf({ metadata }), 'its metadata declares the task "segment"; expected "detect"');
  t.match(await plan({ metadata }, { output_format: 'yolov5' }), { format: { name: 'yolov5' } });
});

test('rejects a model with several inputs', async (t) => {
  const { model } = modelOf({});
  const [input] = model.inputs;
  const two = { ...model, inputs: [input as TensorShape, { name: 'scale', type: 'float32', dims: [1, 2] }] };
  t.same(await planDetector(two, {}), { issue: 'it has 2 inputs (images, scale); expected one image input' });
});

test('rejects an input above the pixel limit before allocating it', async (t) => {
  const huge = modelOf({ input: [1, 3, 20_000, 20_000] });
  t.same(await planDetector(huge.model, {}), {
    issue: 'input size is [20000, 20000]; expected 1 to 16777216 pixels',
  });
  t.same(huge.inputShapes, [], 'no run');
  const free: Dims = [1, 3, 'height', 'width'];
  t.match(await issueOf({ input: free, metadata: { imgsz: '[99999999, 99999999]' } }), /^input size is \[99999999, /);
  t.match(await issueOf({ input: free, metadata: { imgsz: '[0, 640]' } }), /^input size is \[0, 640\]; /);
  t.match(await issueOf({ input: free }, { imgsz: [8192, 8192] }), /^input size is \[8192, 8192\]; /);
});
