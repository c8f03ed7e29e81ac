/** Percentiles, medians, and moving averages. */
import { test } from 'tap';
import { median, percentile, smooth } from '../../src/statistics.ts';

test('percentiles use the nearest rank', async (t) => {
  t.strictSame(percentile([], 0.99), Number.NaN);
  t.equal(percentile([7], 0.5), 7);
  t.equal(percentile([1, 2, 3, 4], 0.5), 2);
  t.equal(percentile([1, 2, 3, 4], 0.99), 4);
  t.equal(percentile([1, 2, 3, 4], 0), 1);
});

test('the median is the middle value, or the mean of the two middle ones', async (t) => {
  t.strictSame(median([]), Number.NaN);
  t.equal(median([7]), 7);
  const values = [10, 9, 1];
  t.equal(median(values), 9, 'by size, not as text');
  t.strictSame(values, [10, 9, 1], 'the argument is unchanged');
  t.equal(median([4, 1, 3, 2]), 2.5);
});

test('a moving average starts at the first value, and moves by the weight', async (t) => {
  t.equal(smooth(undefined, 8, 0.25), 8);
  t.equal(smooth(0, 8, 0.25), 2);
  t.equal(smooth(8, 0, 0.25), 6);
});
