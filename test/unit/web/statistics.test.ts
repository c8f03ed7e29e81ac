/** Rates, drops and percentiles over the last minute. */
import { test } from 'tap';
import { momentCount, Statistics } from '../../../src/web/statistics.ts';

/** Records frames at a constant rate; `isDropped` decides which are dropped. */
function send(statistics: Statistics, fromMs: number, toMs: number, fps: number, isDropped = (_: number) => false) {
  for (let frame = 0, atMs = fromMs; atMs < toMs; frame++, atMs = fromMs + (frame * 1000) / fps) {
    statistics.sent(atMs);
    if (isDropped(frame)) statistics.dropped(atMs);
    else statistics.result(atMs, 40 + (frame % 10));
  }
}

test('everything is zero or undefined before the first frame', async (t) => {
  const { sentFps, resultFps, dropRate, roundTripMs, moments } = new Statistics().snapshot(5000);
  t.strictSame([sentFps, resultFps, dropRate, roundTripMs], [0, 0, 0, undefined]);
  t.equal(moments.length, momentCount);
  t.ok(moments.every(({ sent, p50Ms }) => sent === 0 && p50Ms === undefined));
});

test('rates and drop rate are those of the last two seconds', async (t) => {
  const statistics = new Statistics();
  send(statistics, 100_000, 120_000, 20, (frame) => frame % 4 === 0);
  const { sentFps, resultFps, dropRate } = statistics.snapshot(120_000);
  t.equal(sentFps, 20);
  t.equal(resultFps, 15);
  t.equal(dropRate, 0.25);
});

test('a rate just after the start covers only the time since the start', async (t) => {
  const statistics = new Statistics();
  send(statistics, 50_000, 51_000, 30);
  t.equal(statistics.snapshot(51_000).sentFps, 30);
});

test('rates are zero two seconds after the last frame', async (t) => {
  const statistics = new Statistics();
  send(statistics, 0, 3000, 30, (frame) => frame % 2 === 0);
  const { sentFps, dropRate, roundTripMs } = statistics.snapshot(5500);
  t.strictSame([sentFps, dropRate], [0, 0]);
  t.ok(roundTripMs, 'round trips of the last minute are still known');
});

test('percentiles use the nearest rank, over the last minute only', async (t) => {
  const statistics = new Statistics();
  statistics.result(0, 9999);
  for (let ms = 1; ms <= 100; ms++) statistics.result(70_000, ms);
  t.strictSame(statistics.snapshot(70_100).roundTripMs, { now: 100, p50: 50, p95: 95 });
  t.equal(statistics.snapshot(131_000).roundTripMs, undefined);
});

test('moments are half seconds, the newest last', async (t) => {
  const statistics = new Statistics();
  statistics.result(10_000, 30);
  statistics.result(10_400, 50);
  statistics.dropped(10_700);
  const { moments } = statistics.snapshot(10_900);
  t.match(moments.at(-2), { results: 2, dropped: 0, p50Ms: 30, p95Ms: 50 });
  t.match(moments.at(-1), { results: 0, dropped: 1, p50Ms: undefined });
});

test('memory is limited to the last minute', async (t) => {
  const statistics = new Statistics();
  send(statistics, 0, 600_000, 10);
  t.equal(statistics.snapshot(600_000).moments.filter(({ results }) => results > 0).length, momentCount - 1);
});
