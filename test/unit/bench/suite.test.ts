/** The suite's ratios and its page, from runs whose every number is known. */
import { test } from 'tap';
import { figuresOf } from '../../../bench/suite/figures.ts';
import { pageOf } from '../../../bench/suite/page.ts';
import type { SuiteOutcome, SuiteRun } from '../../../bench/suite/scenarios.ts';
import { emptyLatencies } from '../../../src/load/latency.ts';
import { type LoadReport, reportOf } from '../../../src/load/report.ts';

const empty = reportOf(
  {
    plan: {
      groups: [{ cameras: 1, fps: 10 }],
      slowReaders: undefined,
      phase: 'staggered',
      rampMs: 0,
      warmUpMs: 0,
      durationMs: 1000,
      graceMs: 1000,
      obey: false,
      generators: 1,
    },
    measuredMs: 1000,
    cameras: [],
    slowReaders: [],
    groups: [],
    generator: { threads: 1, cpuSeconds: 0.1, late: emptyLatencies() },
    server: undefined,
    serverUnknown: 'none',
  },
  'ws://127.0.0.1:8000',
  [],
);

interface Seen {
  readonly results?: number;
  readonly sent?: number;
  readonly p99?: number;
  readonly cpuSeconds?: number;
  readonly jain?: number;
}

function run(id: string, server: SuiteRun['server'], seen: Seen, loopDelayMs?: SuiteRun['loopDelayMs']): SuiteRun {
  const { results = 0, sent = 0, p99 = 0, cpuSeconds = 1, jain = 1 } = seen;
  const report: LoadReport = {
    ...empty,
    results,
    sent,
    jain,
    latency_ms: { ...empty.latency_ms, p99 },
    server: { pids: [1], command: 'node', cpu_seconds: cpuSeconds, cpu_seconds_to_last: cpuSeconds, rss_bytes: 1 },
  };
  return { id, server, flags: ['--cameras', '8'], report, loopDelayMs };
}

const outcome: SuiteOutcome = {
  ceiling: { frames_per_cpu_second: 70, cpu_ms_per_frame: 1000 / 70 },
  runs: [
    run('saturated', 'gateway', { results: 1260, cpuSeconds: 20 }),
    run('half-load', 'gateway', { p99: 20 }),
    run('overload', 'gateway', { p99: 26, results: 450, jain: 0.9914 }),
    run('overload', 'first-come', { p99: 26, results: 500, jain: 0.125 }),
    run('many', 'gateway', {}, { p50: 1, p99: 4.25, max: 9 }),
    run('peers', 'gateway', { results: 900, p99: 30, cpuSeconds: 15 }),
    run('peers', 'fastapi', { results: 1200, p99: 150, cpuSeconds: 18 }),
    run('peers-one-more', 'gateway', { results: 1140, p99: 45 }),
    run('peers-overload', 'gateway', { results: 1190, p99: 31 }),
    run('peers-overload', 'fastapi', { results: 1000, p99: 3100 }),
    run('peers-locked', 'gateway', { results: 300, p99: 30 }),
    run('peers-locked', 'fastapi', { results: 1000, p99: 1200 }),
    run('dropped', 'uws-sink', { sent: 8000, cpuSeconds: 0.4 }),
    run('dropped', 'gateway', { sent: 8000, cpuSeconds: 0.5 }),
  ],
  skipped: { 'ws-piscina': 'make peers was not run' },
};

/** What was seen, by the first figure whose words begin so. */
function seen(words: string, of: SuiteOutcome = outcome): string | undefined {
  return figuresOf(of).find(({ what }) => what.startsWith(words))?.seen;
}

test('each figure is the ratio that it says', async (t) => {
  t.equal(seen('results per CPU-second at saturation'), '0.90');
  t.equal(seen('p99 latency at 4× overload'), '1.30');
  t.equal(seen('CPU per dropped frame'), '1.25');
  t.equal(seen('16 phase-locked'), '0.991');
  t.equal(seen('the same: results'), '0.90');
  t.equal(seen('event-loop delay'), '4.25 ms');
  t.equal(seen('8 cameras × 15 fps against fastapi'), '0.75, 0.20, 0.90');
  t.equal(seen('the same with one worker more than cores against fastapi'), '0.95, 0.30');
  t.equal(seen('8 cameras × 30 fps, too much for two cores, against fastapi'), '1.19, 0.01');
  t.equal(seen('the same 8 cameras, all in the same instant, against fastapi'), '0.30, 0.03');
});

test('what was not run is not made up', async (t) => {
  const nothing: SuiteOutcome = { ...outcome, runs: [] };
  t.equal(seen('CPU per dropped frame', nothing), 'not measured');
  t.equal(seen('event-loop delay', nothing), 'not measured');
  t.equal(seen('8 cameras', nothing), undefined);
});

test('the page has every figure and every run, and says what was left out', async (t) => {
  const machine = { date: '2026-01-02', cpu: 'A <CPU>', cores: 2, node: '22.0.0', commit: 'abc' };
  const { markdown, plots } = pageOf(outcome, machine, 7);
  for (const { what, seen: value } of figuresOf(outcome))
    t.ok(markdown.includes(`| ${what} |`) && markdown.includes(value));
  t.equal(markdown.match(/`--cameras 8`/g)?.length, outcome.runs.length);
  t.match(markdown, '- `ws-piscina` was left out: make peers was not run');
  for (const [name, svg] of Object.entries(plots)) {
    t.ok(markdown.includes(`(plots/${name})`), name);
    t.match(svg, /^<svg .*<\/svg>\n$/s, name);
  }
});
