/** Losses are said at once, and then once a minute. */
import { test } from 'tap';
import { describeEvents, LossReport } from '../../../../src/camera/publish/loss-report.ts';

test('a loss is said at once, and one that goes on once a minute with its number', async (t) => {
  const report = new LossReport();
  t.equal(report.lost(2, 'refused', 0), '2 events were lost: refused');
  t.equal(report.lost(3, 'refused', 1000), undefined);
  t.equal(report.lost(4, 'refused', 59_999), undefined);
  t.equal(report.lost(1, 'refused', 60_000), '8 events were lost: refused');
  report.reset();
  t.equal(report.lost(1, 'full', 60_001), '1 event was lost: full');
});

test('numbers are readable', async (t) => {
  t.equal(describeEvents(1), '1 event was');
  t.equal(describeEvents(12_345), '12,345 events were');
});
