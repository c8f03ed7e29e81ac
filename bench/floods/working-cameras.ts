/** The working cameras: a child process that runs an open-loop load and reports its measurements. */
import type { RecordableHistogram } from 'node:perf_hooks';
import { mergeLatencies } from '../../src/load/latency.ts';
import { parsePlan } from '../../src/load/plan.ts';
import { buildReport, type LoadReport } from '../../src/load/report.ts';
import { LoadError, LoadRun } from '../../src/load/run-load.ts';
import { renderFrames } from '../../test/support/samples/street-frames.ts';

export interface CamerasSetup {
  readonly url: string;
  readonly cameras: number;
  readonly fps: number;
  readonly seconds: number;
}

export interface CamerasOutcome {
  readonly report: LoadReport;
  /** Median and 99th percentile in milliseconds over frames that were not dropped; `null` if the frame of that rank has no result. */
  readonly p50: number | null;
  readonly p99: number | null;
}

export type FromCameras =
  /** The measurement starts. */
  | { readonly type: 'counting' }
  | ({ readonly type: 'done' } & CamerasOutcome)
  /** No camera could connect. */
  | { readonly type: 'failed'; readonly reason: string };

const warmUpSeconds = 1;
/** Late results count up to this delay. */
const drainSeconds = 5;

const { url: address, cameras, fps, seconds } = JSON.parse(process.argv[2] ?? '') as CamerasSetup;
const plan = parsePlan({
  cameras: String(cameras),
  fps: String(fps),
  duration: String(seconds),
  warmup: String(warmUpSeconds),
  ramp: '0',
  drainTimeout: String(drainSeconds),
  phase: 'staggered',
  threads: '1',
});
const url = new URL(address);
const frames = renderFrames();
const notify = (message: FromCameras) => process.send?.(message);
let isCounting = false;
const run = new LoadRun(
  plan,
  { url, frames },
  {
    progressed: (elapsedMs) => {
      if (isCounting || elapsedMs < plan.warmUpMs) return;
      isCounting = true;
      notify({ type: 'counting' });
    },
  },
);
process.on('disconnect', () => process.exit());
try {
  const outcome = await run.outcome();
  const report = buildReport(outcome, url.href, frames);
  const { histogram } = mergeLatencies(outcome.groups.map(({ results }) => results));
  const at = (percent: number) => latencyAt(histogram, (percent / 100) * (report.offered - report.dropped));
  notify({ type: 'done', report, p50: at(50), p99: at(99) });
} catch (error) {
  if (!(error instanceof LoadError)) throw error;
  notify({ type: 'failed', reason: error.message });
}
process.disconnect();

/** Latency in milliseconds of the result with this rank, fastest first. */
function latencyAt(histogram: RecordableHistogram, rank: number): number | null {
  const { count } = histogram;
  return rank > count || count === 0 ? null : histogram.percentile((100 * Math.max(1, rank)) / count) / 1000;
}
