/** Scale and paths of the round-trip chart. */
import { test } from 'tap';
import { chartShapes, roundUp } from '../../../src/web/chart.ts';
import type { Moment } from '../../../src/web/statistics.ts';

const quiet: Moment = { sent: 0, results: 0, dropped: 0, p50Ms: undefined, p95Ms: undefined };
const busy = (p50Ms: number, p95Ms: number): Moment => ({ sent: 5, results: 5, dropped: 0, p50Ms, p95Ms });

test('a scale ends at 1, 2 or 5 times a power of ten, and is never below 20 ms', async (t) => {
  const tops = [0, 3, 20, 21, 50, 51, 101, 999, 1001, Number.NaN].map(roundUp);
  t.strictSame(tops, [20, 20, 20, 50, 50, 100, 200, 1000, 2000, 20]);
});

test('time runs to the right and milliseconds upwards', async (t) => {
  const { line, band, topMs } = chartShapes([busy(50, 100), busy(0, 50), busy(100, 100)], 200, 100);
  t.equal(topMs, 100);
  t.equal(line, 'M0 50L100 100L200 0');
  t.equal(band, 'M0 50L100 100L200 0L200 0L100 50L0 0Z');
});

test('the line bridges short gaps and breaks at long ones', async (t) => {
  const gap = (count: number) => Array.from({ length: count }, () => quiet);
  const lines = (count: number) => chartShapes([busy(10, 10), ...gap(count), busy(10, 10)], 100, 100).line;
  t.equal(lines(3).match(/M/g)?.length, 1);
  t.equal(lines(4).match(/M/g)?.length, 2);
});

test('a single moment is a dot', async (t) => {
  t.match(chartShapes([quiet, busy(10, 10), quiet], 100, 100), { line: 'M50 50h0', band: '' });
});

test('drops are bars with the height of the drop rate', async (t) => {
  const moments = [quiet, { ...busy(10, 10), results: 1, dropped: 3 }, { ...quiet, dropped: 2 }];
  t.equal(chartShapes(moments, 100, 100).drops, 'M50 100V25M100 100V0');
});

test('an empty chart has no paths', async (t) => {
  t.strictSame(chartShapes([quiet, quiet], 100, 100), { topMs: 20, line: '', band: '', drops: '' });
  t.strictSame(chartShapes([], 100, 100), { topMs: 20, line: '', band: '', drops: '' });
});
