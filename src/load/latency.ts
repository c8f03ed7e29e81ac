/** Latencies as HDR histograms, recorded in one thread and merged in another. Any thread. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** The histogram is Node's own (HdrHistogram_c) and can be posted to another thread. */
export interface Latencies {
  readonly histogram: RecordableHistogram;
  /** The exact maximum; the histogram rounds to three significant figures. */
  maxMs: number;
}

/** Milliseconds. */
export interface LatencySummary {
  readonly p50: number;
  readonly p90: number;
  readonly p97_5: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly mean: number;
}

/** Values are whole microseconds. Two days is longer than any run including its drain timeout. */
const maxUs = 2 * 86_400 * 1e6;
/** Three significant figures: the error is less than one part in a thousand. */
const figures = 3;
/** 99.9 % of a thousand values is the 999th, although floating point yields slightly more. */
const rankTolerance = 1e-9;

export function emptyLatencies(): Latencies {
  return { histogram: createHistogram({ lowest: 1, highest: maxUs, figures }), maxMs: 0 };
}

export function recordLatency(latencies: Latencies, ms: number): void {
  latencies.histogram.record(Math.min(maxUs, Math.max(1, Math.round(ms * 1000))));
  latencies.maxMs = Math.max(latencies.maxMs, ms);
}

/** Merges all recorded values. */
export function mergeLatencies(parts: readonly Latencies[]): Latencies {
  const merged = emptyLatencies();
  for (const { histogram, maxMs } of parts) {
    merged.histogram.add(histogram);
    merged.maxMs = Math.max(merged.maxMs, maxMs);
  }
  return merged;
}

/** @returns `undefined` if nothing was recorded. */
export function summarizeLatencies({ histogram, maxMs }: Latencies): LatencySummary | undefined {
  if (histogram.count === 0) return undefined;
  const at = (percentile: number) => {
    // Nearest rank, rounded up; the histogram itself may round down.
    const rank = Math.ceil((percentile * histogram.count) / 100 - rankTolerance);
    return Math.min(histogram.percentile((100 * rank) / histogram.count) / 1000, maxMs);
  };
  return {
    p50: at(50),
    p90: at(90),
    p97_5: at(97.5),
    p99: at(99),
    p999: at(99.9),
    max: maxMs,
    mean: histogram.mean / 1000,
  };
}
