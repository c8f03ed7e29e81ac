/** Figures over several rounds: a ratio per round, then the median. Pure. */
import { median } from '../../src/statistics.ts';
import type { Sample } from './sample.ts';

export type Measure = (sample: Sample) => number | undefined;

/** Key of runs: cell and server. */
export interface Place {
  readonly cell: string;
  readonly server: string;
}

/** Summary over several rounds. */
export interface RoundSummary {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export const perSecond: Measure = ({ results, seconds }) => results / seconds;
export const offeredShare: Measure = ({ results, offered }) => ratio(results, offered);
/** Includes results within the drain timeout, and their CPU time. */
export const perCpuSecond: Measure = ({ results, cpuSeconds, cpuSecondsToLast = cpuSeconds }) =>
  ratio(results, cpuSecondsToLast);
/** For servers that keep up: after the measurement they only process the last frames. */
export const cpuPerResult: Measure = ({ results, cpuSecondsToLast }) => ratio(cpuSecondsToLast, results);
export const cpuPerFrame: Measure = ({ sent, cpuSeconds }) => ratio(cpuSeconds, sent);

/** One measure of one server, per round. */
export function valuesOf(samples: readonly Sample[], { cell, server }: Place, of: Measure): Map<number, number> {
  const values = new Map<number, number>();
  for (const sample of samples) {
    if (sample.cell !== cell || sample.server !== server) continue;
    const value = of(sample);
    if (value !== undefined) values.set(sample.round, value);
  }
  return values;
}

/** Combines values per round; rounds with a missing value are omitted. */
export function combine(
  parts: readonly ReadonlyMap<number, number>[],
  of: (...values: number[]) => number | undefined,
): Map<number, number> {
  const combined = new Map<number, number>();
  for (const round of parts[0]?.keys() ?? []) {
    const values = parts.map((part) => part.get(round));
    if (values.some((value) => value === undefined)) continue;
    const value = of(...(values as number[]));
    if (value !== undefined) combined.set(round, value);
  }
  return combined;
}

/** Ratio of two servers' measures per round. The machine's speed drifts over time, but little within a round. */
export function ratios(samples: readonly Sample[], of: Measure, top: Place, bottom: Place): Map<number, number> {
  return combine([valuesOf(samples, top, of), valuesOf(samples, bottom, of)], ratio);
}

/** @returns `undefined` without rounds. */
export function summarizeRounds(values: ReadonlyMap<number, number>): RoundSummary | undefined {
  const sorted = [...values.values()].sort((a, b) => a - b);
  const [lowest, highest] = [sorted[0], sorted.at(-1)];
  if (lowest === undefined || highest === undefined) return undefined;
  return { median: median(sorted), lowest, highest };
}

export function medianOf(samples: readonly Sample[], place: Place, of: Measure): number | undefined {
  return summarizeRounds(valuesOf(samples, place, of))?.median;
}

function ratio(top: number | undefined, bottom: number | undefined): number | undefined {
  return top === undefined || bottom === undefined || bottom === 0 ? undefined : top / bottom;
}
