/** Outcomes are sent in the order of their frames, each once, as early as possible. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { ReplyOrder } from '../../../src/session/reply-order.ts';

/** The reply of a frame is its index. */
function orderOf(...indices: number[]): ReplyOrder<number> {
  const order = new ReplyOrder<number>();
  for (const index of indices) order.expect(index);
  return order;
}

test('an outcome in order is sent immediately', async (t) => {
  const order = orderOf(0, 1);
  t.same(order.finish(0, 0), [0]);
  t.same(order.finish(1, 1), [1]);
});

test('an early outcome waits for earlier frames', async (t) => {
  const order = orderOf(3, 5, 9);
  t.same(order.finish(9, 9), []);
  t.same(order.finish(5, 5), []);
  t.same(order.finish(3, 3), [3, 5, 9]);
});

test('a frame without an outcome delays only later ones', async (t) => {
  const order = orderOf(0, 1, 2);
  t.same(order.finish(0, 0), [0]);
  t.same(order.finish(2, 2), []);
});

test('a dropped frame delays nothing', async (t) => {
  const order = orderOf(0, 1, 2, 3);
  t.same(order.finish(1, 1), []);
  t.same(order.drop(2), []);
  t.same(order.drop(0), [1]);
  t.same(order.finish(3, 3), [3]);
});

test('clearing returns the replies that waited', async (t) => {
  const order = orderOf(0, 1, 2);
  order.finish(2, 2);
  t.same(order.clear(), [2]);
  t.same(order.clear(), []);
});

test('in any order of outcomes, all are sent once and by index, except for dropped ones', async () => {
  const count = fc.nat({ max: 20 });
  const plays = count.chain((length) =>
    fc.record({
      arrivals: fc.shuffledSubarray(
        Array.from({ length }, (_, index) => index),
        { minLength: length },
      ),
      dropped: fc.array(fc.boolean(), { minLength: length, maxLength: length }),
    }),
  );
  fc.assert(
    fc.property(plays, ({ arrivals, dropped }) => {
      const order = orderOf(...arrivals.map((_, index) => index));
      const left = arrivals.flatMap((index) => (dropped[index] ? order.drop(index) : order.finish(index, index)));
      assert.deepEqual(
        left,
        arrivals.map((_, index) => index).filter((index) => !dropped[index]),
      );
    }),
  );
});
