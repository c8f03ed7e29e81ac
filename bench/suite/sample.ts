/** What one run of the suite measured, as the numbers that figures are made of. Pure. */
import type { LoadReport } from '../../src/load/report.ts';
import type { ClosedReport } from './closed-loop.ts';
import type { Ceiling } from './load.ts';

/** Which run it was. */
export interface SampleKey {
  /** Of the cell: a load that several servers are put under. */
  readonly cell: string;
  /** The server, with what is different about it. */
  readonly server: string;
  /** Runs of the same round follow each other, so that they are compared with each other. From 0. */
  readonly round: number;
  /** What was sent, in the words of `framegate bench`. */
  readonly load: string;
}

/** What is not known, or does not apply, is left out. */
export interface Sample extends SampleKey {
  readonly seconds: number;
  readonly results: number;
  readonly offered?: number;
  readonly sent?: number;
  readonly dropped?: number;
  /** Answers of 503. */
  readonly refused?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** What the pipeline itself took, at 50 %. */
  readonly serviceMs?: number;
  readonly jain?: number;
  /** Part of the frames of the last, slowest group of cameras that have results. */
  readonly lastGroupShare?: number;
  readonly cpuSeconds?: number;
  /** The same with what the results took that came after the clock. */
  readonly cpuSecondsToLast?: number;
  readonly rssBytes?: number;
  /** From the start of the process until it was ready. */
  readonly startMs?: number;
  readonly loopDelayP99Ms?: number;
}

/** What the server itself tells besides. */
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

/** The bare loop as if it were a server: its frames are results, and it is always at work. */
export function sampleOfCeiling(key: SampleKey, ceiling: Ceiling): Sample {
  return { ...key, seconds: 1, results: ceiling.frames_per_cpu_second, cpuSeconds: 1 };
}

function known<Name extends keyof Sample>(name: Name, value: number | null | undefined): { [key in Name]?: number } {
  return typeof value === 'number' ? ({ [name]: value } as { [key in Name]: number }) : {};
}
