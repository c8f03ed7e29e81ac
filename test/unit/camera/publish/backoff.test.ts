/** Delays between attempts: they double, are bounded, and respect what a receiver asks for. */
import { test } from 'tap';
import { retryAfterMs, retryDelayMs } from '../../../../src/camera/publish/backoff.ts';

test('delays double up to a minute, and are spread over their upper half', async (t) => {
  t.strictSame(
    [1, 2, 3, 6, 7, 8, 1e9].map((failures) => retryDelayMs(failures, 1)),
    [1000, 2000, 4000, 32_000, 60_000, 60_000, 60_000],
  );
  t.equal(retryDelayMs(1, 0), 500);
  t.equal(retryDelayMs(100, 0), 30_000);
});

test('Retry-After is seconds or a date, and at most an hour', async (t) => {
  const nowMs = Date.parse('2026-01-01T00:00:00Z');
  for (const [header, ms] of [
    ['0', 0],
    [' 7 ', 7000],
    ['999999999', 3_600_000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['Fri, 01 Jan 2100 00:00:00 GMT', 3_600_000],
    ['-1', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['', undefined],
    ['9'.repeat(400), undefined],
    [undefined, undefined],
  ] as const)
    t.equal(retryAfterMs(header, nowMs), ms, String(header).slice(0, 40));
});
