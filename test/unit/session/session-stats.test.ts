/** A session's counts, rates and times. */
import { test } from 'tap';
import type { FrameEnd, FrameReport } from '../../../src/observe/observer.ts';
import { SessionStats } from '../../../src/session/session-stats.ts';

function reportOf(end: FrameEnd, totalMs = 40): FrameReport {
  return { frameIndex: 0, byteLength: 1000, replyBytes: 10, validateMs: 0.1, holdMs: 5, totalMs, end };
}

const result: FrameEnd = { type: 'result', timings: { decode: 1, total: 21.26 } };

test('totals count every frame by its end', async (t) => {
  const stats = new SessionStats(1000);
  for (let frame = 0; frame < 4; frame++) stats.received(1000, 2000);
  stats.ended(reportOf(result), 2040);
  stats.ended(reportOf({ type: 'dropped', reason: 'busy' }), 2000);
  stats.ended(reportOf({ type: 'dropped', reason: 'busy' }), 2000);
  stats.ended(reportOf({ type: 'failed', code: 'invalid_frame', detail: '', reason: '' }), 2000);
  stats.slowDowns += 1;
  t.same(stats.totals(4500), {
    connected_s: 3.5,
    frames: 4,
    results: 1,
    dropped: 2,
    drop_reasons: { busy: 2 },
    slow_downs: 1,
    received_bytes: 4000,
    service_ms: 21.3,
    reply_ms: 40,
  });
});

test('times are absent before the first result', async (t) => {
  const totals = new SessionStats(0).totals(0);
  t.notOk('service_ms' in totals || 'reply_ms' in totals);
});

test('rates are means of the last five whole seconds, and fewer in a young session', async (t) => {
  const stats = new SessionStats(0);
  for (let ms = 0; ms < 10_000; ms += 100) {
    stats.received(1, ms);
    if (ms % 200 === 0) stats.ended(reportOf(result), ms);
  }
  t.match(stats.recent(2000), { frames_per_s: 10, results_per_s: 5 });
  t.match(stats.recent(9999), { frames_per_s: 10, results_per_s: 5, idle_s: 0.1 });
  t.match(stats.recent(12_000), { frames_per_s: 6, idle_s: 2.1 });
  t.match(stats.recent(100_000), { frames_per_s: 0, results_per_s: 0 });
});

test('the last 30 whole seconds are kept, oldest first', async (t) => {
  const stats = new SessionStats(0);
  for (let second = 0; second < 40; second++) {
    for (let frame = 0; frame <= second; frame++) stats.received(1, second * 1000);
  }
  t.same(
    stats.recent(40_000).recent_frames,
    Array.from({ length: 30 }, (_, index) => index + 11),
  );
  t.same(stats.recent(40_000).recent_results, Array(30).fill(0));
});

test('the usual rate leaves out the time since the last frame', async (t) => {
  const stats = new SessionStats(0);
  stats.received(1, 0);
  t.notOk('usual_frames_per_s' in stats.recent(1000));
  for (let ms = 100; ms <= 10_000; ms += 100) stats.received(1, ms);
  t.equal(stats.recent(60_000).usual_frames_per_s, 10.1);
});

test('recent drops are those of the last ten whole seconds', async (t) => {
  const stats = new SessionStats(0);
  stats.ended(reportOf({ type: 'dropped', reason: 'busy' }), 1000);
  stats.ended(reportOf({ type: 'dropped', reason: 'expired' }), 8000);
  t.strictSame(stats.recent(11_500).recent_drop_reasons, { busy: 1, expired: 1 });
  t.strictSame(stats.recent(12_000).recent_drop_reasons, { expired: 1 });
});
