/** The report's figures and tables, from a known outcome. */
import { test } from 'tap';
import { emptyLatencies, recordLatency } from '../../../src/load/latency.ts';
import { emptyGroupLatencies } from '../../../src/load/messages.ts';
import { buildReport } from '../../../src/load/report.ts';
import { describeReport } from '../../../src/load/report-text.ts';
import type { LoadOutcome } from '../../../src/load/run-load.ts';
import { drawTable } from '../../../src/load/table.ts';
import { type CameraTally, emptyCounts } from '../../../src/load/tally.ts';

function latenciesOf(...values: readonly number[]) {
  const latencies = emptyLatencies();
  for (const ms of values) recordLatency(latencies, ms);
  return latencies;
}

function camera(number: number, changes: Partial<CameraTally> = {}): CameraTally {
  const counts = { offered: 100, sent: 100, results: 60, dropped: 40, bytesSent: 5_000_000, bytesReceived: 30_000 };
  const age = { meanMs: 40.25, maxMs: 90 };
  return { ...emptyCounts(), ...counts, camera: number, group: 0, fps: 20, age, ...changes };
}

const outcome: LoadOutcome = {
  plan: {
    groups: [{ cameras: 2, fps: 20 }],
    slowReaders: undefined,
    phase: 'staggered',
    rampMs: 0,
    warmUpMs: 2000,
    durationMs: 5000,
    drainTimeoutMs: 6000,
    adaptive: false,
    generators: 1,
  },
  measuredMs: 5000,
  cameras: [camera(0), camera(1)],
  slowReaders: [],
  groups: [{ results: latenciesOf(10, 20, 30), drops: latenciesOf(1), service: latenciesOf(7, 8, 9) }],
  generator: { threads: 1, late: latenciesOf(0.5), cpuSeconds: 0.5 },
  server: { pids: [4711], command: 'node', cpuSeconds: 6, cpuSecondsToLast: 6.5, rssBytes: 250_000_000 },
  serverUnknown: undefined,
};
const url = 'ws://127.0.0.1:8000/ws/video/stream?pipeline_id=yolo';
const frames = [new Uint8Array(50_000), new Uint8Array(40_000)];

test('the JSON object has counts, rates and all other figures', async (t) => {
  const report = buildReport(outcome, url, frames);
  t.match(report, {
    url,
    duration_s: 5,
    warm_up_s: 2,
    frames: { files: 2, mean_bytes: 45_000 },
    offered: 200,
    sent: 200,
    not_sent: 0,
    results: 120,
    dropped: 80,
    errors: 0,
    unanswered: 0,
    slow_down: 0,
    per_second: { offered: 40, results: 24, dropped: 16, bytes_sent: 2_000_000, bytes_received: 12_000 },
    latency_ms: { max: 30 },
    drop_latency_ms: { max: 1 },
    service_ms: { max: 9 },
    jain: 1,
    groups: [{ cameras: 2, fps: 20, results: 120, share: 0.6 }],
    slow_readers: null,
    generator: { threads: 1, cpu_seconds: 0.5, late_ms: { max: 0.5 } },
    server: { pids: [4711], command: 'node', cpu_seconds: 6, cpu_seconds_to_last: 6.5, rss_bytes: 250_000_000 },
    server_unknown: null,
  });
  t.ok(Math.abs((report.latency_ms.mean ?? 0) - 20) < 0.02);
  t.strictSame(report.per_camera[1], {
    camera: 1,
    group: 0,
    fps: 20,
    offered: 100,
    sent: 100,
    not_sent: 0,
    results: 60,
    dropped: 40,
    errors: 0,
    unanswered: 0,
    share: 0.6,
    slow_down: 0,
    age_ms: { mean: 40.25, max: 90 },
  });
  t.strictSame(JSON.parse(JSON.stringify(report)), report, 'it survives a JSON round trip');
});

test('a run without frames still has a report, without latency, share and fairness', async (t) => {
  const nothing = { ...emptyCounts(), camera: 0, group: 0, fps: 0.01, age: { meanMs: 0, maxMs: 0 } };
  const groups = [emptyGroupLatencies()];
  const report = buildReport(
    { ...outcome, cameras: [nothing], groups, server: undefined, serverUnknown: 'unknown reason' },
    url,
    frames,
  );
  t.match(report, {
    jain: null,
    latency_ms: { p50: null, max: null },
    service_ms: { p50: null },
    per_camera: [{ share: null }],
  });
  t.match(report, { server: null, server_unknown: 'unknown reason' });
  t.notMatch(describeReport(report), /NaN|Infinity|undefined|null/);
});

test('tables and notes show the figures', async (t) => {
  const text = describeReport(buildReport(outcome, url, frames));
  t.match(text, /│ results +│ 20\.0 │ 30\.0 │ /);
  t.match(text, /│ service +│ 8\.00 │ 9\.00 │ /);
  t.match(text, /│ offered │ +200 │ +40\.0 │ +100\.0 % │/);
  t.match(text, /│ dropped │ +80 │ +16\.0 │ +40\.0 % │/);
  t.match(text, /│ 1 +│ +20 │ +100 │ +60 │ +40 │ 60\.0 % │ +40\.3 │ +90\.0 │/);
  t.match(text, /^server +node 4711: 120\.0 % of a core \(50\.0 ms per result\), 250\.0 MB resident$/m);
  t.match(text, /^generator +1 thread, 10\.0 % of a core; send delay p50 0\.50 ms, p99 0\.50 ms, max 0\.50 ms$/m);
  t.notMatch(text, /Group|unanswered|not sent|errors|sent frames late/, 'outcomes that did not occur are omitted');
});

test('problems are reported', async (t) => {
  const counts = { offered: 100, sent: 90, notSent: 10, results: 60, dropped: 20, errors: 6, unanswered: 4 };
  const text = describeReport(
    buildReport(
      {
        ...outcome,
        plan: { ...outcome.plan, slowReaders: { cameras: 1, fps: 50 } },
        cameras: [
          camera(0, {
            ...counts,
            slowDowns: 1234,
            unexpected: 3,
            errorCodes: { pipeline_failure: 2, other: 1 },
            closes: { '1011': 2 },
          }),
        ],
        slowReaders: [camera(1, { group: 1, offered: 500, sent: 400, closes: { '1006': 1 } })],
        generator: { ...outcome.generator, threads: 2, late: latenciesOf(40) },
        server: undefined,
        serverUnknown: 'gate.example is not a loopback address',
      },
      url,
      frames,
    ),
  );
  t.match(text, /│ not sent +│ +10 │ +2\.0 │ +10\.0 % │/);
  t.match(text, /│ errors +│ +6 │/);
  t.match(text, /│ unanswered +│ +4 │/);
  t.match(text, /^slow_down +1 234$/m);
  t.match(text, /^server +not measured: gate\.example is not a loopback address$/m);
  t.match(text, /^slow readers +1 in addition, 400 of 500 frames sent; connections closed: 1006 × 1$/m);
  t.match(text, /^error messages +pipeline_failure × 2, other × 1$/m);
  t.match(text, /^connections lost +1011 × 2$/m);
  t.match(text, /^unexpected +3 messages/m);
  t.match(text, /Some frames got no reply/);
  t.match(text, /Some frames were not sent/);
  t.match(text, /load generator sent frames late/);
});

test('with many cameras only the worst are shown; every group is shown', async (t) => {
  const cameras = Array.from({ length: 40 }, (_, number) => camera(number, { results: 100 - number }));
  const plan = {
    ...outcome.plan,
    groups: [
      { cameras: 40, fps: 20 },
      { cameras: 0, fps: 3 },
    ],
  };
  const text = describeReport(buildReport({ ...outcome, plan, cameras }, url, frames));
  t.match(text, /│ 39 +│ +20 │ +100 │ +61 │/);
  t.notMatch(text, /│ 23 +│ +20 │ +100 │ +77 │/);
  t.match(text, /Showing the 16 cameras with the smallest share; use --json for the other 24\./);
  t.match(text, /│ 40 at 20 fps │ +4 000 │/);
});

test('all lines of a table have the same length', async (t) => {
  const table = drawTable([['a', 'long heading'], ['something longer', '1'], ['x']]);
  const lengths = new Set(table.split('\n').map((line) => line.length));
  t.equal(lengths.size, 1);
  t.match(table, /│ a {16}│ long heading │\n.*\n│ something longer │ {12}1 │\n│ x {16}│ {14}│/s);
});
