/** Measurements of one run of the suite, from which figures are computed. Pure. */
import type { LoadReport } from '../../src/load/report.ts';
import type { ClosedReport } from './closed-loop.ts';
import type { Ceiling } from './load.ts';

/** Identifies a run. */
export interface SampleKey {
  /** ID of the cell. */
  readonly cell: string;
  /** Label of the server. */
  readonly server: string;
  /** Round number, from 0. Runs of the same round are adjacent in time and compared with each other. */
  readonly round: number;
  /** The load as flags of `framegate bench`. */
  readonly load: string;
}

/** Unknown and inapplicable values are omitted. */
export interface Sample extends SampleKey {
  readonly seconds: number;
  readonly results: number;
  readonly offered?: number;
  readonly sent?: number;
  readonly dropped?: number;
  /** 503 responses. */
  readonly refused?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Median pipeline time. */
  readonly serviceMs?: number;
  readonly jain?: number;
  /** Share of frames with results in the last, slowest group of cameras. */
  readonly lastGroupShare?: number;
  readonly cpuSeconds?: number;
  /** The same, including the CPU time of late results. */
  readonly cpuSecondsToLast?: number;
  readonly rssBytes?: number;
  /** Startup time of the process. */
  readonly startMs?: number;
  readonly loopDelayP99Ms?: number;
}

/** Values reported by the server itself. */
export type ServerNote = Pick<Sample, 'startMs' | 'loopDelayP99Ms'>;

export function sampleOfLoad(key: SampleKey, report: LoadReport): Sample {
  const { latency_ms, service_ms, groups, server } = report;
  return {
    ...key,
    seconds: report.duration_s,
    results: report.results,
    offered: report.offered,
    sent: report.sent,
    dropped: report.dropped,
    ...known('p50Ms', latency_ms.p50),
    ...known('p99Ms', latency_ms.p99),
    ...known('serviceMs', service_ms.p50),
    ...known('jain', report.jain),
    ...known('lastGroupShare', groups.at(-1)?.share),
    ...known('cpuSeconds', server?.cpu_seconds),
    ...known('cpuSecondsToLast', server?.cpu_seconds_to_last),
    ...known('rssBytes', server?.rss_bytes),
  };
}

export function sampleOfClosedLoop(key: SampleKey, report: ClosedReport, seconds: number): Sample {
  const { results, refused, latencyMs, server } = report;
  return {
    ...key,
    seconds,
    results,
    refused,
    ...known('p50Ms', latencyMs?.p50),
    ...known('p99Ms', latencyMs?.p99),
    ...known('cpuSeconds', server?.cpuSeconds),
    ...known('rssBytes', server?.rssBytes),
  };
}

/** The bare loop as a server: its frames are results, and it is always busy. */
export function sampleOfCeiling(key: SampleKey, ceiling: Ceiling): Sample {
  return { ...key, seconds: 1, results: ceiling.frames_per_cpu_second, cpuSeconds: 1 };
}

function known<Name extends keyof Sample>(name: Name, value: number | null | undefined): { [key in Name]?: number } {
  return typeof value === 'number' ? ({ [name]: value } as { [key in Name]: number }) : {};
}
