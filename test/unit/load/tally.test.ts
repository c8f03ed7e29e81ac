/** Sums, fair shares and the fairness index. */
import fc from 'fast-check';
import { test } from 'tap';
import { countName, emptyCounts, fairnessIndex, fairShares, jainIndex, sumCounts } from '../../../src/load/tally.ts';

test('a sum includes every counter and all names', async (t) => {
  const one = { ...emptyCounts(), offered: 3, sent: 2, notSent: 1, errorCodes: { slow_reader: 1 }, closes: {} };
  const two = { ...emptyCounts(), offered: 4, bytesSent: 9, errorCodes: { slow_reader: 2, other: 1 }, closes: {} };
  countName(two.closes, '1006');
  t.strictSame(sumCounts([one, two]), {
    ...emptyCounts(),
    offered: 7,
    sent: 2,
    notSent: 1,
    bytesSent: 9,
    errorCodes: { slow_reader: 3, other: 1 },
    closes: { '1006': 1 },
  });
  t.strictSame(one.errorCodes, { slow_reader: 1 }, 'the parts are unchanged');
  t.strictSame(sumCounts([]), emptyCounts());
});

test("Jain's index is 1 for equal values and 1/n if one has everything", async (t) => {
  t.equal(jainIndex([5, 5, 5, 5]), 1);
  t.equal(jainIndex([5, 0, 0, 0]), 0.25);
  t.equal(jainIndex([0, 0]), 1);
});

test('max-min fair shares meet small demands and divide the rest equally', async (t) => {
  t.strictSame(fairShares([300, 300, 300, 300, 30, 30, 30, 30], 400), [70, 70, 70, 70, 30, 30, 30, 30]);
  t.strictSame(fairShares([10, 20], 100), [10, 20], 'no share exceeds its demand');
  t.strictSame(fairShares([], 5), []);
});

test('shares never exceed demands, use up the total, and are max-min fair', async (t) => {
  const demands = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(demands, fc.integer({ min: 0, max: 20_000 }), (wanted, total) => {
      const shares = fairShares(wanted, total);
      const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
      const level = Math.max(...shares);
      return (
        shares.every((share, index) => share >= 0 && share <= (wanted[index] as number)) &&
        Math.abs(sum(shares) - Math.min(total, sum(wanted))) < 1e-6 &&
        shares.every((share, index) => Math.abs(share - Math.min(level, wanted[index] as number)) < 1e-6)
      );
    }),
  );
  t.pass();
});

test('for cameras of one rate the index is that of the plain counts', async (t) => {
  const results = [10, 20, 30, 40];
  const cameras = results.map((count) => ({ offered: 150, results: count }));
  t.ok(Math.abs(fairnessIndex(cameras) - jainIndex(results)) < 1e-12);
});

test('a slow camera that gets a result for each of its few frames is fair to a fast one', async (t) => {
  const fast = { offered: 300, results: 70 };
  const slow = { offered: 30, results: 30 };
  t.equal(fairnessIndex([fast, fast, fast, fast, slow, slow, slow, slow]), 1);
  t.ok(
    fairnessIndex([
      { ...fast, results: 100 },
      { ...slow, results: 0 },
    ]) < 0.75,
  );
});

test('cameras without offered frames do not count', async (t) => {
  t.equal(
    fairnessIndex([
      { offered: 10, results: 5 },
      { offered: 0, results: 0 },
    ]),
    1,
  );
  t.equal(fairnessIndex([]), 1);
});
