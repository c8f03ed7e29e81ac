/** Rows keep their places between two sorts, and under the pointer. */
import { test } from 'tap';
import { rowsOf } from '../../../src/web/camera-rows.ts';
import { RowOrder } from '../../../src/web/row-order.ts';
import { openSession, sessionsReply } from '../../support/session-statuses.ts';

const rowsWith = (rates: Record<string, number>) =>
  rowsOf(
    sessionsReply(Object.entries(rates).map(([camera, drop_rate]) => openSession({ id: camera, camera, drop_rate }))),
  );

function orderBy(...events: readonly [rates: Record<string, number>, nowMs: number, isHeld?: boolean][]) {
  const order = new RowOrder();
  order.sortBy({ by: 'dropped', isDescending: true });
  return events.map(([rates, nowMs, isHeld = false]) =>
    order
      .arrange(rowsWith(rates), nowMs, isHeld)
      .map(({ name }) => name)
      .join(' '),
  );
}

test('rows are sorted every five seconds; new ones come last until then, and missing ones leave', async (t) => {
  const orders = orderBy(
    [{ a: 1, b: 2 }, 0],
    [{ a: 3, b: 2, c: 9 }, 4999],
    [{ a: 3, c: 9 }, 4999],
    [{ a: 3, c: 9 }, 5000],
  );
  t.strictSame(orders, ['b a', 'b a c', 'a c', 'c a']);
});

test('while a row is held, all stay, even those that are no longer there', async (t) => {
  const orders = orderBy([{ a: 1, b: 2 }, 0], [{ a: 3, c: 9 }, 9000, true], [{ a: 3, c: 9 }, 9001]);
  t.strictSame(orders, ['b a', 'b a c', 'c a']);
});

test('another column sorts at once', async (t) => {
  const order = new RowOrder();
  t.strictSame(order.sorting, { by: 'problem', isDescending: true });
  order.arrange(rowsWith({ a: 1, b: 2 }), 0, false);
  order.sortBy({ by: 'camera', isDescending: true });
  t.strictSame(
    order.arrange(rowsWith({ a: 1, b: 2 }), 1, false).map(({ name }) => name),
    ['b', 'a'],
  );
});
