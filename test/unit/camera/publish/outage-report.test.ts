/** What is said about a target's outages. */
import { test } from 'tap';
import { OutageReport } from '../../../../src/camera/publish/outage-report.ts';

test('an outage is said once per reason, and its end with its length and what was lost', async (t) => {
  const report = new OutageReport();
  t.equal(report.recovered(0), undefined, 'nothing was wrong');
  t.equal(report.failed('refused', 1000), 'refused; events wait');
  t.equal(report.failed('refused', 2000), undefined);
  t.equal(report.failed('wrong password', 3000), 'wrong password; events wait');
  t.ok(report.isAway);
  t.equal(report.lost(1, 'the buffer is full', 4000), '1 event was lost: the buffer is full');
  t.equal(report.lost(1233, 'the buffer is full', 5000), undefined);
  t.equal(report.recovered(11_000), 'works again after 10.0 s; 1,234 events were lost');
  t.notOk(report.isAway);
  t.equal(report.failed('refused', 12_000), 'refused; events wait', 'the next outage is said');
  t.equal(report.recovered(12_500), 'works again after 0.5 s; 0 events were lost');
});

test('a target with ever new reasons does not fill the screen', async (t) => {
  const report = new OutageReport();
  const said = [...Array(100)].map((_, index) => report.failed(`reason ${index}`, index));
  t.equal(said.filter((line) => line !== undefined).length, 5);
});
