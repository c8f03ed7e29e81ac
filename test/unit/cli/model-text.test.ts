/** What is told of a model in words: its classes, however many, and nothing that steers a terminal. */
import { test } from 'tap';
import { describeClasses, describeInput } from '../../../src/cli/model-text.ts';
import type { BoxPlan } from '../../../src/models/yolo/plan.ts';
import { boxPlan } from '../../support/fake-model.ts';

function withNames(...names: string[]): BoxPlan {
  return { ...boxPlan('ultralytics', 3), names };
}

test('classes are counted, and the first five named', async (t) => {
  t.equal(describeClasses(withNames('a', 'b', 'c')), '3: a, b, c');
  t.equal(describeClasses(withNames('a', 'b', 'c', 'd', 'e', 'f')), '6: a, b, c, d, e, ...');
  t.equal(describeClasses(withNames()), '3, not named');
  t.equal(describeClasses(boxPlan('end-to-end')), 'not named', 'a picked class does not tell how many there are');
});

test('classes of a classifier are counted by its output', async (t) => {
  const { input, constants } = boxPlan('ultralytics', 3);
  const format = { name: 'probabilities', output: 'probabilities', classes: 7 } as const;
  t.equal(describeClasses({ task: 'classify', format, names: [], input, constants }), '7, not named');
});

test('control characters of a name do not reach the terminal', async (t) => {
  t.equal(describeClasses(withNames('a\tb', '\x1b[31mred', 'c\nd')), '3: a b,  [31mred, c d');
});

test('the input says how an image is fitted into it', async (t) => {
  const { input } = boxPlan('ultralytics', 3);
  t.equal(describeInput({ input }), '64x64, RGB, 0-1, letterbox center');
  t.equal(describeInput({ input: { ...input, resize: 'stretch' } }), '64x64, RGB, 0-1, stretched');
  t.equal(describeInput({ input: { ...input, resize: 'crop' } }), '64x64, RGB, 0-1, center crop');
  t.equal(describeInput({ input: { ...input, layout: { kind: 'nhwc' } } }), '64x64, RGB bytes, letterbox center');
});
