/** What is told of a model in words: its classes, however many, and nothing that steers a terminal. */
import { test } from 'tap';
import { describeClasses } from '../../../src/cli/model-text.ts';
import type { DetectorPlan } from '../../../src/models/detector.ts';

const withClasses = { name: 'ultralytics', classes: 3 } as unknown as DetectorPlan['format'];

test('classes are counted, and the first five named', async (t) => {
  t.equal(describeClasses(['a', 'b', 'c'], withClasses), '3: a, b, c');
  t.equal(describeClasses(['a', 'b', 'c', 'd', 'e', 'f'], withClasses), '6: a, b, c, d, e, ...');
  t.equal(describeClasses([], withClasses), '3, not named');
});

test('control characters of a name do not reach the terminal', async (t) => {
  t.equal(describeClasses(['a\tb', '\x1b[31mred', 'c\nd'], withClasses), '3: a b,  [31mred, c d');
});
