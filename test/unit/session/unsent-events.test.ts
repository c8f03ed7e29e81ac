/** Events of dropped results: kept in order, within a limit, and none twice. */
import { test } from 'tap';
import { maxUnsentLength, UnsentEvents } from '../../../src/session/unsent-events.ts';

test('events are sent with the result that brings them, and not again', async (t) => {
  const unsent = new UnsentEvents();
  t.same(unsent.take(['a']), { texts: ['a'], lost: 0 });
  t.same(unsent.take([]), { texts: [], lost: 0 });
});

test('events that were kept go first', async (t) => {
  const unsent = new UnsentEvents();
  unsent.keep(unsent.take(['a', 'b']));
  unsent.keep(unsent.take(['c']));
  t.same(unsent.take(['d']), { texts: ['a', 'b', 'c', 'd'], lost: 0 });
  t.same(unsent.take([]), { texts: [], lost: 0 });
});

test('beyond the limit, the oldest are lost and counted, once', async (t) => {
  const unsent = new UnsentEvents();
  const event = (name: string) => name.repeat(maxUnsentLength / 4);
  for (const name of ['a', 'b', 'c', 'd', 'e']) unsent.keep(unsent.take([event(name)]));
  unsent.keep(unsent.take([]));
  t.same(unsent.take(['f']), { texts: [...['b', 'c', 'd', 'e'].map(event), 'f'], lost: 1 });
  t.same(unsent.take([]), { texts: [], lost: 0 });
  unsent.keep(unsent.take(['x'.repeat(maxUnsentLength + 1)]));
  t.same(unsent.take(['f']), { texts: ['f'], lost: 1 }, 'one event may be too long by itself');
});

test('a result without events has none, unless some were kept or lost', async (t) => {
  const unsent = new UnsentEvents();
  t.equal(unsent.take(undefined), undefined);
  unsent.keep({ texts: ['a'], lost: 0 });
  t.same(unsent.take(undefined), { texts: ['a'], lost: 0 });
  unsent.keep({ texts: [], lost: 2 });
  t.same(unsent.take(undefined), { texts: [], lost: 2 });
  t.equal(unsent.take(undefined), undefined);
});
