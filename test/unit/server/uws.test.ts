/** What would end the process inside a handler of the library is logged instead. */
import { test } from 'tap';
import { guarded } from '../../../src/server/uws.ts';
import { KeptLog } from '../../support/started-pool.ts';

test('a handler that throws is logged, and the next one runs', async (t) => {
  const kept = new KeptLog();
  const done: string[] = [];
  guarded(kept.log, () => {
    throw new Error('inside');
  });
  guarded(kept.log, () => done.push('next'));
  t.same(kept.lines, ['a handler failed']);
  t.same(done, ['next']);
});
