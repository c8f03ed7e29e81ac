/** Histograms count each value in the bucket with the next higher bound. */
import { test } from 'tap';
import { BucketCounts, single } from '../../../src/observe/metric.ts';

test('buckets are cumulative, and a value equal to a bound belongs below it', async (t) => {
  const counts = new BucketCounts([1, 2]);
  for (const value of [0.5, 1, 1.5, 7]) counts.observe(value);
  const sharedLabels = { pipeline: 'plates' };
  t.strictSame(counts.samples('age', sharedLabels), [
    { metricName: 'age_bucket', labels: { le: '1' }, sharedLabels, value: 2 },
    { metricName: 'age_bucket', labels: { le: '2' }, sharedLabels, value: 3 },
    { metricName: 'age_bucket', labels: { le: '+Inf' }, sharedLabels, value: 4 },
    { metricName: 'age_sum', sharedLabels, value: 10 },
    { metricName: 'age_count', sharedLabels, value: 4 },
  ]);
});

test('a single value is read when it is asked for', async (t) => {
  let value = 1;
  const metric = single('gauge', 'held', 'Held.', () => value);
  value = 2;
  t.strictSame(metric.read(), [{ value: 2 }]);
});
