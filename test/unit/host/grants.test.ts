/** Limits of gateways on a host: shares by need and weight. */
import { test } from 'tap';
import { type Claim, fairShares, framesAhead, limitsOf } from '../../../src/host/grants.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const claims = (...all: readonly (readonly [demand: number, weight: number])[]) =>
  new Map(all.map(([demand, weight], index) => [index, { demand, weight }]));
const valuesOf = (shares: ReadonlyMap<number, number>) => [...shares.keys()].sort().map((key) => shares.get(key));
const sumOf = (shares: ReadonlyMap<number, number>) => [...shares.values()].reduce((sum, share) => sum + share, 0);

test('what one does not need is shared among the others, by weight', async (t) => {
  t.same(valuesOf(fairShares(claims([1, 1], [10, 1], [10, 1]), 9)), [1, 4, 4]);
  t.same(valuesOf(fairShares(claims([10, 1], [10, 2]), 9)), [3, 6]);
  t.same(valuesOf(fairShares(claims([2, 1], [3, 1]), 9)), [2, 3], 'nobody gets more than it claims');
  t.same(valuesOf(fairShares(claims([5, 1]), 0)), [0]);
  t.equal(fairShares(new Map(), 4).size, 0);
});

test('shares of random claims', async (t) => {
  const random = seededRandom(7);
  let contended = 0;
  for (let round = 0; round < 2000; round++) {
    const all = new Map<number, Claim>();
    for (let key = 0; key < 1 + Math.floor(random() * 8); key++)
      all.set(key, { demand: random() * 20, weight: 1 + Math.floor(random() * 50) });
    const slots = Math.floor(random() * 30);
    const shares = fairShares(all, slots);
    const demand = [...all.values()].reduce((sum, claim) => sum + claim.demand, 0);
    const isContended = demand > slots;
    if (isContended) contended += 1;
    const within = [...all].every(([key, claim]) => (shares.get(key) ?? 0) <= claim.demand + 1e-9);
    const sums = Math.abs(sumOf(shares) - Math.min(slots, demand)) < 1e-6;
    // Max–min: whoever gets less than it claims has at least the share per weight of everybody else.
    const level = (key: number, { weight }: Claim) => (shares.get(key) ?? 0) / weight;
    const highest = Math.max(...[...all].map(([key, claim]) => level(key, claim)));
    const isFair = [...all].every(
      ([key, claim]) => (shares.get(key) ?? 0) > claim.demand - 1e-9 || level(key, claim) > highest - 1e-9,
    );
    const limits = limitsOf(all, slots);
    const isCrowded = all.size > slots;
    const room =
      [...limits.values()].every(
        (limit) => Number.isInteger(limit) && limit >= (isCrowded ? 0 : 1) && limit <= slots,
      ) &&
      (!isCrowded || sumOf(limits) === slots);
    const covers = isCrowded || [...limits].every(([key, limit]) => limit >= Math.floor(shares.get(key) ?? 0));
    if (!within || !sums || !isFair || !room || !covers)
      t.fail('not max–min fair', { claims: [...all], slots, shares: [...shares], limits: [...limits] });
  }
  t.ok(contended > 500 && contended < 2000, 'both cases occurred');
});

test('a gateway may use what the others do not need; everybody may start', async (t) => {
  t.same(valuesOf(limitsOf(claims([1, 1]), 8)), [8], 'alone: everything');
  t.same(valuesOf(limitsOf(claims([1, 1], [1, 1]), 8)), [7, 7]);
  t.same(valuesOf(limitsOf(claims([8, 1], [8, 1]), 8)), [4, 4], 'contended: no overlap');
  t.same(valuesOf(limitsOf(claims([8, 1], [8, 3]), 8)), [2, 6]);
  t.same(valuesOf(limitsOf(claims([9, 1], [9, 99]), 2)), [1, 2], 'at least one, so that each can start');
  t.same(valuesOf(limitsOf(claims([9, 1], [9, 1]), 0)), [0, 0]);
});

test('as many frames wait as workers are freed while a frame is on its way', async (t) => {
  t.equal(framesAhead(0, 5, 10), 0);
  t.equal(framesAhead(4, 0, undefined), 1, 'unknown service time');
  t.equal(framesAhead(4, 0, 0), 1);
  t.equal(framesAhead(4, 0, 10), 1, 'at least one');
  t.equal(framesAhead(4, 5, 10), 3, 'two travel, one waits');
  t.equal(framesAhead(4, 5.1, 10), 4, 'rounded up');
  t.equal(framesAhead(1, 1, 10), 1, 'not more than one per worker');
  t.equal(framesAhead(4, 20, 10), 8, 'unless they all travel');
  t.equal(framesAhead(4, 1e300, 10), 32, 'at most eight per worker');
});

test('with more gateways than slots, everybody has a turn', async (t) => {
  const crowd = claims([9, 1], [9, 1], [9, 1], [9, 2]);
  const turns = [0, 0, 0, 0];
  for (let turn = 0; turn < 1000; turn++) {
    const limits = limitsOf(crowd, 2, (turn * 0.618) % 1);
    t.equal(sumOf(limits), 2);
    for (const [key, limit] of limits) turns[key] = (turns[key] ?? 0) + limit;
  }
  for (const [key, weight] of [1, 1, 1, 2].entries()) t.ok(Math.abs((turns[key] ?? 0) / (400 * weight) - 1) < 0.05);
});
