/** Rows of the list of classes. */
import { test } from 'tap';
import { classRows } from '../../../src/web/class-list.ts';

test('the five most likely classes are listed, best first', async (t) => {
  const classes = [0.02, 0.6, 0.1, 0.2, 0.05, 0.03].map((score, index) => ({ label: `class ${index}`, score }));
  t.strictSame(classRows(classes), [
    { label: 'class 1', percent: '60 %', part: 0.6 },
    { label: 'class 3', percent: '20 %', part: 0.2 },
    { label: 'class 2', percent: '10 %', part: 0.1 },
    { label: 'class 4', percent: '5 %', part: 0.05 },
    { label: 'class 5', percent: '3 %', part: 0.03 },
  ]);
});

test('a bar never leaves its track, whatever a tool calls a score', async (t) => {
  const rows = classRows([
    { label: 'cat', score: 7.5 },
    { label: 'dog', score: -2 },
  ]);
  t.strictSame(
    rows.map(({ part }) => part),
    [1, 0],
  );
});
