/** Outcomes leave in the order of their frames, each once, as soon as they can. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { ReplyOrder } from '../../../src/session/reply-order.ts';

test('an outcome that comes in turn leaves at once', async (t) => {
  const order = new ReplyOrder<string>();
  order.expect(0);
  order.expect(1);
  t.same(order.settle(0, 'a'), [[0, 'a']]);
  t.same(order.settle(1, 'b'), [[1, 'b']]);
  t.equal(order.inFlight, 0);
});

test('an early outcome waits for those before it', async (t) => {
  const order = new ReplyOrder<string>();
  for (const index of [3, 5, 9]) order.expect(index);
  t.same(order.settle(9, 'c'), []);
  t.same(order.settle(5, 'b'), []);
  t.equal(order.inFlight, 3);
  t.same(order.settle(3, 'a'), [
    [3, 'a'],
    [5, 'b'],
    [9, 'c'],
  ]);
  t.equal(order.inFlight, 0);
});

test('a frame that is not settled holds back only those after it', async (t) => {
  const order = new ReplyOrder<string>();
  for (const index of [0, 1, 2]) order.expect(index);
  t.same(order.settle(0, 'a'), [[0, 'a']]);
  t.same(order.settle(2, 'c'), []);
  t.equal(order.inFlight, 2);
});

test('in whatever order outcomes come, all leave once and by index', async () => {
  const permutations = fc.nat({ max: 20 }).chain((count) =>
    fc.shuffledSubarray(
      Array.from({ length: count }, (_, index) => index),
      { minLength: count },
    ),
  );
  fc.assert(
    fc.property(permutations, (arrivals) => {
      const order = new ReplyOrder<string>();
      for (let index = 0; index < arrivals.length; index++) order.expect(index);
      const left = arrivals.flatMap((index) => order.settle(index, `outcome ${index}`));
      assert.deepEqual(
        left,
        arrivals.map((_, index) => [index, `outcome ${index}`]),
      );
      assert.equal(order.inFlight, 0);
    }),
  );
});
