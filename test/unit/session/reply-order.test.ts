/** Outcomes are sent in the order of their frames, each once, as early as possible. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { type FinishedOutcome, ReplyOrder } from '../../../src/session/reply-order.ts';

function outcomeOf(index: number): FinishedOutcome {
  return { type: 'result', text: `outcome ${index}`, timings: {} };
}

function orderOf(...indices: number[]): ReplyOrder {
  const order = new ReplyOrder();
  for (const index of indices) order.expect(index);
  return order;
}

function indicesOf(ready: readonly (readonly [number, FinishedOutcome])[]): number[] {
  for (const [index, outcome] of ready) assert.deepEqual(outcome, outcomeOf(index));
  return ready.map(([index]) => index);
}

test('an outcome in order is sent immediately', async (t) => {
  const order = orderOf(0, 1);
  t.same(indicesOf(order.finish(0, outcomeOf(0))), [0]);
  t.same(indicesOf(order.finish(1, outcomeOf(1))), [1]);
});

test('an early outcome waits for earlier frames', async (t) => {
  const order = orderOf(3, 5, 9);
  t.same(order.finish(9, outcomeOf(9)), []);
  t.same(order.finish(5, outcomeOf(5)), []);
  t.same(indicesOf(order.finish(3, outcomeOf(3))), [3, 5, 9]);
});

test('a frame without an outcome delays only later ones', async (t) => {
  const order = orderOf(0, 1, 2);
  t.same(indicesOf(order.finish(0, outcomeOf(0))), [0]);
  t.same(order.finish(2, outcomeOf(2)), []);
});

test('a dropped frame delays nothing', async (t) => {
  const order = orderOf(0, 1, 2, 3);
  t.same(order.finish(1, outcomeOf(1)), []);
  t.same(order.drop(2), []);
  t.same(indicesOf(order.drop(0)), [1]);
  t.same(indicesOf(order.finish(3, outcomeOf(3))), [3]);
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
      const left = arrivals.flatMap((index) =>
        indicesOf(dropped[index] ? order.drop(index) : order.finish(index, outcomeOf(index))),
      );
      assert.deepEqual(
        left,
        arrivals.map((_, index) => index).filter((index) => !dropped[index]),
      );
    }),
  );
});
