/** Report of a flood, computed from windows with and without it. Pure. */
import { median, percentile } from '../../src/statistics.ts';
import type { Counts } from './flood.ts';
import type { ProbeRecord } from './probe.ts';
import type { CamerasOutcome } from './working-cameras.ts';

/**
 * Measurements of the working cameras and the probe in one window. Latencies are in milliseconds over all frames that were not
 * dropped; `null` if the frame of that rank never got a result.
 */
export interface Window {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
  readonly offered: number;
  readonly results: number;
  readonly dropped: number;
  /** The camera process was too late, or the gateway did not accept the previous frames. */
  readonly not_sent: number;
  /** Neither a result nor `dropped`: lost with a session, or without a reply. */
  readonly unanswered: number;
  /** Camera connections closed by the gateway. */
  readonly closes: number;
  /** Cameras with at least one result. */
  readonly cameras_served: number;
  /** CPU usage of the gateway in percent of one core. */
  readonly cpu_percent: number;
  readonly probe: ProbeReport;
  /** Reason why no camera could connect. */
  readonly failed?: string;
}

export interface ProbeReport {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
  readonly lost: number;
  readonly fresh_answered: number;
  readonly fresh_tried: number;
}

/** Memory in bytes. */
export interface Memory {
  readonly before: number;
  readonly peak: number;
  readonly after: number;
  /** Seconds from the end of the last attack until memory recovered; `null` if not within the limit. */
  readonly back_after_s: number | null;
}

export interface FloodReport {
  readonly name: string;
  readonly about: string;
  readonly cameras: number;
  readonly without: readonly Window[];
  readonly with: readonly Window[];
  /** Median over the rounds of p99 with the flood ÷ p99 without it; `null` if any of them is unknown. */
  readonly p99_ratio: number | null;
  readonly results_ratio: number | null;
  readonly rss: Memory;
  readonly files: { readonly before: number; readonly after: number };
  /** Sessions of the gateway without cameras; `null` without a response. */
  readonly sessions: { readonly before: number | null; readonly after: number | null };
  readonly log_lines: Readonly<Record<string, number>>;
  readonly attack: readonly Counts[];
  /** How the gateway exited; `null` if it survived. */
  readonly ended: string | null;
  /** Whether a new connection got a response at the end. */
  readonly answers: boolean;
}

export function probeReport({ roundTripsMs, lost, freshAnswered, freshTried }: ProbeRecord): ProbeReport {
  const sorted = roundTripsMs.toSorted((a, b) => a - b);
  const at = (part: number) => (sorted.length === 0 ? null : percentile(sorted, part));
  return {
    p50: at(0.5),
    p99: at(0.99),
    max: at(1),
    lost,
    fresh_answered: freshAnswered,
    fresh_tried: freshTried,
  };
}

/** @param outcome report of the cameras, or the reason why there is none. */
export function windowOf(outcome: CamerasOutcome | string, cpuPercent: number, probe: ProbeRecord): Window {
  const shared = { cpu_percent: cpuPercent, probe: probeReport(probe) };
  if (typeof outcome === 'string') {
    const none = { p50: null, p99: null, max: null, offered: 0, results: 0, dropped: 0, not_sent: 0, unanswered: 0 };
    return { ...none, closes: 0, cameras_served: 0, ...shared, failed: outcome };
  }
  const { latency_ms, offered, results, dropped, not_sent, closes, per_camera } = outcome.report;
  return {
    p50: outcome.p50,
    p99: outcome.p99,
    max: latency_ms.max,
    offered,
    results,
    dropped,
    not_sent,
    unanswered: outcome.report.errors + outcome.report.unanswered,
    closes: Object.values(closes).reduce((sum, count) => sum + count, 0),
    cameras_served: per_camera.filter((camera) => camera.results > 0).length,
    ...shared,
  };
}

/** Median over the rounds of a figure with the flood divided by the same figure without it. */
export function medianRatio(
  without: readonly Window[],
  with_: readonly Window[],
  figure: (window: Window) => number | null,
): number | null {
  const ratios: number[] = [];
  for (const [round, underFlood] of with_.entries()) {
    const baseline = without[round];
    const [high, low] = [figure(underFlood), baseline === undefined ? null : figure(baseline)];
    if (high === null || low === null || low === 0) return null;
    ratios.push(high / low);
  }
  return ratios.length === 0 ? null : median(ratios);
}

/** Log lines added between two counts. */
export function newLines(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Record<string, number> {
  const grown = Object.entries(after).map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, count]) => count > 0));
}

/** Tolerance for memory that the allocator keeps and caches that fill once. */
const sameMemoryFactor = 1.1;
const sameMemoryBytes = 16 * 1_048_576;

export function hasMemoryRecovered(before: number, now: number): boolean {
  return now <= before * sameMemoryFactor + sameMemoryBytes;
}
