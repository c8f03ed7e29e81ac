/** The report of the flood benchmark, from known figures. */
import { test } from 'tap';
import { floods, selectFloods } from '../../../bench/floods/all.ts';
import { withSkipped } from '../../../bench/floods/probe.ts';
import {
  type FloodReport,
  hasMemoryRecovered,
  medianRatio,
  newLines,
  probeReport,
  type Window,
  windowOf,
} from '../../../bench/floods/report.ts';
import { describeFlood } from '../../../bench/floods/report-text.ts';

const megabyte = 1_048_576;
const quiet = { roundTripsMs: [3, 1, 2], lost: 0, freshAnswered: 4, freshTried: 4 };

function windowWith(figures: Partial<Window>): Window {
  const { failed: _, ...window } = windowOf('none', 25, quiet);
  return { ...window, ...figures };
}

test('flood names are unique, and names and groups select floods', async (t) => {
  const names = floods.map(({ name }) => name);
  t.equal(new Set(names).size, names.length);
  t.strictSame(selectFloods([]), floods);
  t.strictSame(
    selectFloods(['half-messages', 'log-lines']).map(({ name }) => name),
    ['half-messages', 'log-lines/read', 'log-lines/unread', 'log-lines/full-disk'],
  );
  t.throws(() => selectFloods(['half']), /unknown flood "half"/);
});

test('a stalled response represents the probes that were not sent', async (t) => {
  t.strictSame(withSkipped(4, 10), [4]);
  t.strictSame(withSkipped(45, 10), [45, 35, 25, 15]);
});

test('a probe report has the percentiles of its round trips, or none', async (t) => {
  t.match(probeReport(quiet), { p50: 2, p99: 3, max: 3, fresh_answered: 4, fresh_tried: 4 });
  t.match(probeReport({ ...quiet, roundTripsMs: [] }), { p50: null, p99: null, max: null });
});

test('a ratio is the median over the rounds, and unknown if any figure is', async (t) => {
  const of = (...p99s: (number | null)[]) => p99s.map((p99) => windowWith({ p99 }));
  const p99 = (window: Window) => window.p99;
  t.equal(medianRatio(of(2, 2, 2), of(4, 20, 2), p99), 2);
  t.equal(medianRatio(of(2, 4), of(4, 16), p99), 3);
  t.equal(medianRatio(of(2, 2), of(4, null), p99), null);
  t.equal(medianRatio(of(0), of(4), p99), null);
  t.equal(medianRatio([], [], p99), null);
});

test('only new log lines count', async (t) => {
  t.strictSame(newLines({ ready: 1, 'session ended': 5 }, { ready: 1, 'session ended': 9, stalled: 2 }), {
    'session ended': 4,
    stalled: 2,
  });
});

test('memory counts as recovered within the tolerance', async (t) => {
  t.ok(hasMemoryRecovered(100 * megabyte, 120 * megabyte));
  t.notOk(hasMemoryRecovered(100 * megabyte, 130 * megabyte));
});

test('the text shows the figures of the cameras, also when no camera was served', async (t) => {
  const report: FloodReport = {
    name: 'silent-sessions',
    about: 'sessions',
    cameras: 16,
    without: [windowWith({ p50: 2, p99: 4, max: 5, offered: 720, results: 720, cameras_served: 16 })],
    with: [windowOf('server_busy', 3, { ...quiet, freshAnswered: 0 })],
    p99_ratio: null,
    results_ratio: 0,
    rss: { before: 100 * megabyte, peak: 300 * megabyte, after: 290 * megabyte, back_after_s: null },
    files: { before: 33, after: 34 },
    sessions: { before: 0, after: null },
    log_lines: { 'session ended': 4 },
    attack: [{ sessions: 256, opened_again: 3 }],
    ended: null,
    answers: false,
  };
  const text = describeFlood(report);
  t.match(text, /without 1 {2}p50 2\.0 p99 4\.0 max 5\.0 ms; results 720 of 720, .*cameras 16 of 16/);
  t.match(text, /with 1 +no camera served \(server_busy\).*new connections 0 of 4/);
  t.match(text, /p99 unknown: more than 1 % of the frames got no reply, results ×0\.00/);
  t.match(text, /100 MB before, 300 MB peak, 290 MB after, not recovered/);
  t.match(text, /file handles 33 before, 34 after; sessions 0 before, - after\n/);
  t.match(text, /log session ended 4\n/);
  t.match(text, /attacker sessions 256, opened again 3\n/);
  t.match(text, /gateway survived, but does not respond/);
  t.match(
    describeFlood({ ...report, ended: 'SIGSEGV', p99_ratio: 1.25, with: [] }),
    /p99 ×1\.25.*gateway exited: SIGSEGV/s,
  );
});
