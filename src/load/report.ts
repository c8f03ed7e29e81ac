/** Builds the report of a run as one JSON object: counts, rates, latencies, shares. Pure. */
import { emptyLatencies, type Latencies, mergeLatencies, summarizeLatencies } from './latency.ts';
import type { CameraGroup, LoadPlan } from './plan.ts';
import type { LoadOutcome } from './run-load.ts';
import { type CameraTally, type FrameCounts, fairnessIndex, sumCounts } from './tally.ts';

/** Milliseconds; `null` if there was no such frame. */
export interface LatencyReport {
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p97_5: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
  readonly mean: number | null;
}

/** Frame counts, with the keys of the JSON object. */
export interface FrameReport {
  readonly offered: number;
  readonly sent: number;
  readonly not_sent: number;
  readonly results: number;
  readonly dropped: number;
  readonly errors: number;
  readonly unanswered: number;
}

export interface CameraReport extends FrameReport {
  readonly camera: number;
  readonly group: number;
  readonly fps: number;
  /** Results divided by offered frames. */
  readonly share: number | null;
  readonly slow_down: number;
  /** Age of its newest result. */
  readonly age_ms: { readonly mean: number; readonly max: number };
}

export interface GroupReport extends FrameReport, CameraGroup {
  readonly latency_ms: LatencyReport;
  readonly share: number | null;
}

export interface LoadReport extends FrameReport {
  readonly url: string;
  readonly phase: LoadPlan['phase'];
  readonly adaptive: boolean;
  /** Deprecated: the old name of `adaptive`. */
  readonly obey: boolean;
  readonly ramp_s: number;
  readonly warm_up_s: number;
  /** Measured time. */
  readonly duration_s: number;
  readonly frames: { readonly files: number; readonly mean_bytes: number };
  readonly slow_down: number;
  readonly unexpected: number;
  readonly error_codes: Readonly<Record<string, number>>;
  readonly closes: Readonly<Record<string, number>>;
  readonly per_second: FrameReport & { readonly bytes_sent: number; readonly bytes_received: number };
  readonly latency_ms: LatencyReport;
  readonly drop_latency_ms: LatencyReport;
  /** Pipeline time as reported in the results; `null` if they do not report it. */
  readonly service_ms: LatencyReport;
  /** `null` without results. */
  readonly jain: number | null;
  readonly groups: readonly GroupReport[];
  readonly per_camera: readonly CameraReport[];
  /** Cameras that do not read; not included in the other figures. */
  readonly slow_readers:
    | (FrameReport & {
        readonly cameras: number;
        readonly fps: number;
        readonly closes: Readonly<Record<string, number>>;
      })
    | null;
  readonly generator: {
    readonly threads: number;
    readonly cpu_seconds: number;
    /** How late it reached each frame. */
    readonly late_ms: LatencyReport;
  };
  readonly server: {
    readonly pids: readonly number[];
    readonly command: string;
    readonly cpu_seconds: number;
    /** Until the last reply, including results that arrived within the drain timeout. */
    readonly cpu_seconds_to_last: number;
    readonly rss_bytes: number;
  } | null;
  /** Reason why `server` is `null`. */
  readonly server_unknown: string | null;
}

export function buildReport(outcome: LoadOutcome, url: string, frames: readonly Uint8Array[]): LoadReport {
  const { plan, measuredMs, cameras, groups, generator, server } = outcome;
  const seconds = measuredMs / 1000;
  const sum = sumCounts(cameras);
  const counts = frameReport(sum);
  const perSecond = { ...counts, bytes_sent: sum.bytesSent, bytes_received: sum.bytesReceived };
  return {
    url,
    phase: plan.phase,
    adaptive: plan.adaptive,
    obey: plan.adaptive,
    ramp_s: plan.rampMs / 1000,
    warm_up_s: plan.warmUpMs / 1000,
    duration_s: rounded(seconds),
    frames: { files: frames.length, mean_bytes: Math.round(meanLength(frames)) },
    ...counts,
    slow_down: sum.slowDowns,
    unexpected: sum.unexpected,
    error_codes: sum.errorCodes,
    closes: sum.closes,
    per_second: mapValues(perSecond, (value) => rounded(value / seconds)),
    latency_ms: latencyReport(mergeLatencies(groups.map(({ results }) => results))),
    drop_latency_ms: latencyReport(mergeLatencies(groups.map(({ drops }) => drops))),
    service_ms: latencyReport(mergeLatencies(groups.map(({ service }) => service))),
    jain: sum.results === 0 ? null : rounded(fairnessIndex(cameras)),
    groups: plan.groups.map((group, index) => groupReport(outcome, group, index)),
    per_camera: cameras.map(cameraReport),
    slow_readers: slowReaderReport(outcome),
    generator: {
      threads: generator.threads,
      cpu_seconds: rounded(generator.cpuSeconds),
      late_ms: latencyReport(generator.late),
    },
    server:
      server === undefined
        ? null
        : {
            pids: server.pids,
            command: server.command,
            cpu_seconds: rounded(server.cpuSeconds),
            cpu_seconds_to_last: rounded(server.cpuSecondsToLast),
            rss_bytes: server.rssBytes,
          },
    server_unknown: outcome.serverUnknown ?? null,
  };
}

function frameReport(counts: FrameCounts): FrameReport {
  const { offered, sent, notSent, results, dropped, errors, unanswered } = counts;
  return { offered, sent, not_sent: notSent, results, dropped, errors, unanswered };
}

function groupReport({ cameras, groups }: LoadOutcome, group: CameraGroup, index: number): GroupReport {
  const counts = frameReport(sumCounts(cameras.filter((camera) => camera.group === index)));
  const latencies = groups[index]?.results ?? emptyLatencies();
  return { ...group, ...counts, share: shareOf(counts), latency_ms: latencyReport(latencies) };
}

function cameraReport(tally: CameraTally): CameraReport {
  const { camera, group, fps, slowDowns, age } = tally;
  return {
    camera,
    group,
    fps,
    ...frameReport(tally),
    share: shareOf(tally),
    slow_down: slowDowns,
    age_ms: { mean: rounded(age.meanMs), max: rounded(age.maxMs) },
  };
}

function slowReaderReport({ plan, slowReaders }: LoadOutcome): LoadReport['slow_readers'] {
  if (plan.slowReaders === undefined) return null;
  const sum = sumCounts(slowReaders);
  return { ...plan.slowReaders, ...frameReport(sum), closes: sum.closes };
}

function latencyReport(latencies: Latencies): LatencyReport {
  const summary = summarizeLatencies(latencies);
  if (summary !== undefined) return mapValues(summary, rounded);
  return { p50: null, p90: null, p97_5: null, p99: null, p999: null, max: null, mean: null };
}

function shareOf({ results, offered }: Pick<FrameCounts, 'results' | 'offered'>): number | null {
  return offered === 0 ? null : rounded(results / offered);
}

function meanLength(frames: readonly Uint8Array[]): number {
  return frames.reduce((total, { length }) => total + length, 0) / frames.length;
}

function mapValues<Key extends string>(
  record: Readonly<Record<Key, number>>,
  change: (value: number) => number,
): Record<Key, number> {
  const entries = Object.entries<number>(record).map(([key, value]) => [key, change(value)]);
  return Object.fromEntries(entries) as Record<Key, number>;
}

/** Rounds to three decimals (microseconds for times): more would only be noise. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
