/** Time per pipeline stage. */
import { test } from 'tap';
import { StageTimes } from '../../../src/web/stage-times.ts';

test('stages follow each other, then the rest of the round trip', async (t) => {
  const times = new StageTimes();
  t.strictSame(times.rows(), []);
  times.add({ decode: 1, detect: 6, read: 1, total: 8 }, 10);
  const whole = (part: number) => Math.round(part * 100);
  t.strictSame(
    times.rows().map(({ name, ms, from, part }) => [name, ms, whole(from), whole(part)]),
    [
      ['decode', 1, 0, 10],
      ['detect', 6, 10, 60],
      ['read', 1, 70, 10],
      ['network/wait', 2, 80, 20],
    ],
  );
});

test('after a change of pipeline, its stages are shown in its order', async (t) => {
  const times = new StageTimes();
  const names = () => times.rows().map(({ name }) => name);
  times.add({ decode: 1, detect: 6, read: 2, total: 9 }, 10);
  times.add({ decode: 1, find: 3, total: 4 }, 10);
  t.strictSame(names(), ['decode', 'find', 'network/wait'], 'stages of the previous pipeline are forgotten');
  times.add({ decode: 1, detect: 6, read: 2, total: 9 }, 10);
  times.add({ decode: 1, binarise: 1, read: 2, total: 4 }, 10);
  t.strictSame(names(), ['decode', 'binarise', 'read', 'network/wait'], 'a stage that both have takes its new place');
});

test('bars of concurrent nodes stay within the chart', async (t) => {
  const times = new StageTimes();
  times.add({ one: 8, two: 8, total: 9 }, 10);
  for (const { from, part } of times.rows()) t.ok(from >= 0 && part >= 0 && from + part <= 1, `${from} ${part}`);
});

test('values are smoothed, and follow a change', async (t) => {
  const times = new StageTimes();
  times.add({ run: 10, total: 10 }, 20);
  times.add({ run: 20, total: 20 }, 40);
  const ms = () => times.rows()[0]?.ms ?? 0;
  t.ok(ms() > 10 && ms() < 15);
  for (let frame = 0; frame < 100; frame++) times.add({ run: 20, total: 20 }, 40);
  t.ok(Math.abs(ms() - 20) < 0.1);
});

test('values that are not numbers are ignored', async (t) => {
  const times = new StageTimes();
  times.add({ run: Number.NaN, total: 1 }, 2);
  t.strictSame(times.rows(), []);
});
