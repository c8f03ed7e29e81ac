/** A classifier's output is read as probabilities only if it can be, and as logits only if `model.json` says so. */
import { test } from 'tap';
import type { Outputs, TensorShape } from '../../../../src/models/model.ts';
import type { ModelOverrides } from '../../../../src/models/model-files.ts';
import { type ClassPlan, planClasses, readClasses } from '../../../../src/models/yolo/classify.ts';
import { fakeModel } from '../../../support/fake-model.ts';
import { drawYoloPicture } from '../../../support/yolo-fixtures.ts';

const picture = drawYoloPicture(96, 64, 1);

interface Parts {
  readonly overrides?: ModelOverrides;
  readonly metadata?: Record<string, string>;
  readonly inputs?: readonly TensorShape[];
}

function outputOf(...values: number[]): Outputs {
  return { output0: { data: Float32Array.from(values), dims: [1, values.length] } };
}

function planFor(outputs: Outputs, { overrides = {}, metadata = {}, inputs }: Parts = {}) {
  return planClasses(fakeModel({ outputs, metadata, ...(inputs && { inputs }) }).model, overrides, picture);
}

async function plan(outputs: Outputs, parts?: Parts): Promise<ClassPlan> {
  const made = await planFor(outputs, parts);
  if ('issue' in made) throw new Error(made.issue);
  return made;
}

async function issueOf(outputs: Outputs, parts?: Parts): Promise<string> {
  const made = await planFor(outputs, parts);
  return 'issue' in made ? made.issue : 'none';
}

const probabilities = outputOf(0.125, 0.625, 0.25);

test('probabilities are reported best first', async (t) => {
  const made = await plan(probabilities, { metadata: { task: 'classify', names: "{0: 'cat', 1: 'dog', 2: 'owl'}" } });
  t.match(made, { task: 'classify', format: { name: 'probabilities', output: 'output0', classes: 3 }, constants: {} });
  t.same(readClasses(made, probabilities, 5), [
    { label: 'dog', score: 0.625 },
    { label: 'owl', score: 0.25 },
    { label: 'cat', score: 0.125 },
  ]);
  t.same(readClasses(made, probabilities, 1), [{ label: 'dog', score: 0.625 }]);
});

test('names come from model.json, then from the file; a class without a name gets its number', async (t) => {
  const labels = async (parts: Parts) =>
    readClasses(await plan(probabilities, parts), probabilities, 2).map(({ label }) => label);
  const metadata = { names: "{0: 'cat', 1: 'dog', 2: 'owl'}" };
  t.same(await labels({ metadata, overrides: { names: ['x', 'y', 'z'] } }), ['y', 'z']);
  t.same(await labels({}), ['class 1', 'class 2']);
});

test('logits are refused with their sum', async (t) => {
  const issue = (sum: string) =>
    `the values of output output0 add up to ${sum}; probabilities add up to 1. ` +
    'For logits, set "output_format": "logits" in model.json';
  t.equal(await issueOf(outputOf(3, -1, 0.5)), issue('2.5'));
  t.equal(await issueOf(outputOf(Number.NaN, 1)), issue('NaN'));
  t.equal(await issueOf(outputOf(0, 0, 0)), issue('0'), 'nothing at all');
  t.equal(await issueOf(outputOf(0.5, 0.7, 0.9)), issue('2.1'), 'sigmoids');
  t.equal(await issueOf(outputOf(3, -2)), issue('1'), 'logits that add up to 1 by chance');
});

test('the rounding of float16 does not matter', async (t) => {
  t.equal(await issueOf(outputOf(0.505, 0.505)), 'none');
  t.not(await issueOf(outputOf(0.52, 0.52)), 'none');
});

test('with model.json, logits go through a softmax', async (t) => {
  const logits = outputOf(Math.log(1), Math.log(6), Math.log(3));
  const made = await plan(logits, { overrides: { output_format: 'logits' } });
  t.equal(made.format.name, 'logits');
  const found = readClasses(made, logits, 3);
  t.same(
    found.map(({ label, score }) => [label, Math.round(score * 1000)]),
    [
      ['class 1', 600],
      ['class 2', 300],
      ['class 0', 100],
    ],
  );
  const [best] = readClasses(made, outputOf(1000, 999, -1000), 1);
  t.ok(Math.abs((best?.score ?? 0) - 1 / (1 + Math.exp(-1))) < 1e-6, 'large logits do not overflow');
});

test('as many names as classes', async (t) => {
  const issue = 'output output0 has 3 classes, but the model names 2';
  t.equal(await issueOf(probabilities, { overrides: { names: ['a', 'b'] } }), issue);
  t.equal(await issueOf(probabilities, { metadata: { names: "{0: 'a', 1: 'b'}" } }), issue);
});

test('other outputs are refused with their shapes', async (t) => {
  const tensor = (...dims: number[]) => ({ data: new Float32Array(dims.reduce((a, b) => a * b, 1)), dims });
  const refused: [Outputs, string][] = [
    [{ boxes: tensor(1, 6, 20) }, 'boxes [1, 6, 20]'],
    [{ pooled: tensor(1, 3, 1, 1) }, 'pooled [1, 3, 1, 1]'],
    [{ a: tensor(1, 3), b: tensor(1, 5) }, 'a [1, 3], b [1, 5]'],
    [{ pair: tensor(2, 3) }, 'pair [2, 3]'],
    [{ flat: tensor(3) }, 'flat [3]'],
  ];
  for (const [outputs, shapes] of refused) {
    t.equal(await issueOf(outputs), `its outputs are ${shapes}; expected one output [1, classes]`);
  }
});

test('another task is refused, unless model.json says otherwise', async (t) => {
  const metadata = { task: 'detect' };
  t.equal(
    await issueOf(probabilities, { metadata }),
    'its metadata declares the task "detect"; use yolo.detect_objects',
  );
  t.match(await plan(probabilities, { metadata, overrides: { output_format: 'probabilities' } }), {
    format: { name: 'probabilities' },
  });
});

test('a square input gets the middle of the image, any other the whole; both as Pillow resizes', async (t) => {
  const inputOf = async (width: number, height: number, overrides: ModelOverrides = {}) => {
    const inputs = [{ name: 'images', type: 'float32', dims: [1, 3, height, width] }];
    return (await plan(probabilities, { inputs, overrides })).input;
  };
  const unit = { kind: 'nchw', normalization: { mean: [0, 0, 0], std: [1, 1, 1], order: 'rgb' } };
  t.match(await inputOf(32, 32), { resize: 'crop', isAntialiased: true, layout: unit });
  t.match(await inputOf(48, 32), { resize: 'stretch', isAntialiased: true });
  t.match(await inputOf(32, 32, { resize: 'stretch' }), { resize: 'stretch', isAntialiased: true });
  const letterboxed = await inputOf(32, 32, { letterbox: 'center', normalization: 'imagenet' });
  t.match(letterboxed, { resize: 'letterbox', layout: { normalization: { mean: [0.485, 0.456, 0.406] } } });
  t.equal(letterboxed.isAntialiased, undefined);
});

test('every run gets a blank image first, and then the picture', async (t) => {
  const { model, runs } = fakeModel({ outputs: probabilities });
  await planClasses(model, {}, picture);
  const sums = runs.map(({ images }) =>
    [...(images?.data ?? [])].reduce<number>((sum, value) => sum + Number(value), 0),
  );
  t.equal(sums.length, 2);
  t.equal(sums[0], 0);
  t.ok((sums[1] ?? 0) > 0);
});

test('a run without the output is an error', async (t) => {
  const made = await plan(probabilities);
  t.throws(() => readClasses(made, {}, 1), { message: 'the model returned no output output0' });
});

test('classes without a finite score are left out', async (t) => {
  const { POSITIVE_INFINITY: infinite, NaN: nan } = Number;
  const made = await plan(probabilities);
  t.same(
    readClasses(made, outputOf(nan, 0.25, 0.5), 5).map(({ label }) => label),
    ['class 2', 'class 1'],
  );
  t.same(
    readClasses(made, outputOf(infinite, 1.5, -0.5), 5).map(({ score }) => score),
    [1, 0],
  );
  const logits = await plan(outputOf(1, -2, 3), { overrides: { output_format: 'logits' } });
  t.same(readClasses(logits, outputOf(1, nan, 3), 5), []);
  t.same(readClasses(logits, outputOf(0, Number.NEGATIVE_INFINITY, 0), 1), [{ label: 'class 0', score: 0.5 }]);
});

test('another number of classes than when the model was loaded is an error', async (t) => {
  const made = await plan(probabilities);
  const message = 'output output0 has 2 values; it had 3 when the model was loaded';
  t.throws(() => readClasses(made, outputOf(0.5, 0.5), 5), { message });
});
