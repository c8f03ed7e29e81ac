/** Growing memory is distinguished from memory that settles. */
import { test } from 'tap';
import { growthOf } from '../../../../bench/fuzz/memory.ts';

const megabyte = 1_048_576;

test('memory that settles after the warm-up is not a leak', async (t) => {
  const settled = [120, 300, 310, 305, 315, 300, 312, 308, 311, 306, 313].map((each) => each * megabyte);
  t.match(growthOf(settled), { isLeak: false });
});

test('memory that rises with every batch is a leak', async (t) => {
  const rising = Array.from({ length: 20 }, (_, batch) => (200 + 20 * batch) * megabyte);
  const { from, to, isLeak } = growthOf(rising);
  t.ok(isLeak);
  t.ok(to - from > 200 * megabyte);
});

test('too few samples are never a leak', async (t) => {
  t.match(growthOf([100 * megabyte, 900 * megabyte]), { isLeak: false });
  t.match(growthOf([]), { from: 0, to: 0, isLeak: false });
});
