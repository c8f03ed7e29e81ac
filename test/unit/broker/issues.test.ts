/** Each issue of another process is logged once. */
import { test } from 'tap';
import { Issues } from '../../../src/broker/issues.ts';
import { KeptLog } from '../../support/started-pool.ts';

test('the same issue is logged once, another one again', async (t) => {
  const log = new KeptLog();
  const issues = new Issues(log.log, 'host_refused');
  issues.report('a', [], {});
  t.same(log.lines, []);
  for (let n = 0; n < 3; n++) issues.report('a', ['differs'], { host: 'a' });
  issues.report('b', ['differs'], { host: 'b' });
  issues.report('a', ['differs', 'and more'], { host: 'a' });
  t.same(log.fieldsOf('host_refused'), [
    { host: 'a', issues: ['differs'] },
    { host: 'b', issues: ['differs'] },
    { host: 'a', issues: ['differs', 'and more'] },
  ]);
  issues.report('a', [], {});
  issues.report('a', ['differs'], {});
  t.equal(log.lines.length, 4, 'it was solved in between');
  issues.clear();
  issues.report('a', ['differs'], {});
  t.equal(log.lines.length, 5);
});

test('the oldest are forgotten first', async (t) => {
  const log = new KeptLog();
  const issues = new Issues(log.log, 'host_refused');
  for (let n = 0; n < 1001; n++) issues.report(`host ${n}`, ['differs'], {});
  issues.report('host 1000', ['differs'], {});
  t.equal(log.lines.length, 1001);
  issues.report('host 0', ['differs'], {});
  t.equal(log.lines.length, 1002);
});
