/** The maximum of recent values. */
import { test } from 'tap';
import { SlidingMaximum } from '../../../src/pool/sliding-maximum.ts';

test('a value counts for one to two windows', async (t) => {
  const maximum = new SlidingMaximum();
  t.equal(maximum.at(0, 1000), 0);
  maximum.record(5, 0, 1000);
  maximum.record(3, 500, 1000);
  t.equal(maximum.at(999, 1000), 5);
  maximum.record(2, 1000, 1000);
  t.equal(maximum.at(1999, 1000), 5, 'of the half before');
  t.equal(maximum.at(2000, 1000), 2);
  t.equal(maximum.at(9000, 1000), 0, 'after a pause, nothing counts');
});
