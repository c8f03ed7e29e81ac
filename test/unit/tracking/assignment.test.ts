/** Pairs are assigned such that no other choice costs less. */
import fc from 'fast-check';
import { test } from 'tap';
import { assign, type Pair } from '../../../src/tracking/assignment.ts';

const costOf = (pairs: readonly Pair[]) => pairs.reduce((sum, pair) => sum + pair.cost, 0);

/** The lowest cost, by trying everything. */
function lowestCost(pairs: readonly Pair[]): number {
  const [first, ...rest] = pairs;
  if (first === undefined) return 0;
  const others = rest.filter(({ row, column }) => row !== first.row && column !== first.column);
  return Math.min(lowestCost(rest), first.cost + lowestCost(others));
}

function isMatching(pairs: readonly Pair[]): boolean {
  const distinct = (values: readonly number[]) => new Set(values).size === values.length;
  return distinct(pairs.map(({ row }) => row)) && distinct(pairs.map(({ column }) => column));
}

const smallProblem = fc.uniqueArray(
  fc.record({ row: fc.nat(4), column: fc.nat(4), cost: fc.integer({ min: -20, max: 4 }) }),
  { selector: ({ row, column }) => `${row}:${column}`, maxLength: 14 },
);

test('no other choice costs less', async (t) => {
  fc.assert(
    fc.property(smallProblem, (pairs) => {
      const chosen = assign(pairs);
      t.ok(isMatching(chosen) && chosen.every((pair) => pairs.includes(pair)), 'at most one pair per row and column');
      t.equal(costOf(chosen), lowestCost(pairs));
    }),
    { numRuns: 400 },
  );
});

test('a row gives way if the sum is lower', async (t) => {
  const pairs = [
    { row: 0, column: 0, cost: -10 },
    { row: 0, column: 1, cost: -9 },
    { row: 1, column: 0, cost: -8 },
  ];
  t.strictSame(new Set(assign(pairs)), new Set([pairs[1], pairs[2]]));
});

test('pairs that save nothing stay apart', async (t) => {
  t.strictSame(assign([{ row: 0, column: 0, cost: 0 }]), []);
  t.strictSame(assign([{ row: 3, column: 7, cost: 2 }]), []);
  t.strictSame(assign([]), []);
});

test('the cheaper of two equal pairs counts', async (t) => {
  const [dear, cheap] = [
    { row: 0, column: 0, cost: -1 },
    { row: 0, column: 0, cost: -3 },
  ];
  t.strictSame(assign([dear, cheap]), [cheap]);
});

test('a full table of the largest size is assigned completely', async (t) => {
  const pairs = Array.from({ length: 200 * 1000 }, (_, index) => {
    const [row, column] = [Math.floor(index / 1000), index % 1000];
    return { row, column, cost: -1 - Math.abs(Math.sin(row * 12.9 + column * 78.2)) };
  });
  const chosen = assign(pairs);
  t.ok(isMatching(chosen));
  t.equal(chosen.length, 200);
});
