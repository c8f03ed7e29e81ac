/** Where the lines of the round-trip chart run: scales and SVG paths. Pure. */
import type { Moment } from './statistics.ts';

export interface ChartShapes {
  /** The top of the scale, in milliseconds. */
  readonly topMs: number;
  /** SVG path of the medians. */
  readonly line: string;
  /** SVG path of the area from the median up to the 95th percentile. */
  readonly band: string;
  /** SVG path of one bar for each moment with drops, as high as its drop rate. */
  readonly drops: string;
}

/** Steps of a scale that can be read at a glance. */
const steps = [1, 2, 5, 10];
/** A scale is never finer, so that a quiet line stays quiet. */
const minTopMs = 20;

/** The smallest round number that is not below `value`: 1, 2 or 5 and zeros. */
export function roundUp(value: number): number {
  if (!(value > minTopMs)) return minTopMs;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * (steps.find((step) => step * power >= value) ?? 10);
}

/** Shapes for a chart of `width` × `height`, time to the right, the newest moment at the right edge. */
export function chartShapes(moments: readonly Moment[], width: number, height: number): ChartShapes {
  const topMs = roundUp(Math.max(0, ...moments.map(({ p95Ms }) => p95Ms ?? 0)));
  const step = width / Math.max(1, moments.length - 1);
  const x = (index: number) => round(index * step);
  const y = (ms: number) => round(height - (Math.min(ms, topMs) / topMs) * height);
  const line: string[] = [];
  const band: string[] = [];
  for (const run of runsOf(moments)) {
    const medians = run.map(({ index, p50Ms }) => `${x(index)} ${y(p50Ms)}`);
    const tops = run.map(({ index, p95Ms }) => `${x(index)} ${y(p95Ms)}`).reverse();
    // A moment alone is a line of no length, which round ends make a dot.
    line.push(`M${medians.join('L')}${medians.length === 1 ? 'h0' : ''}`);
    if (run.length > 1) band.push(`M${[...medians, ...tops].join('L')}Z`);
  }
  const drops = moments.flatMap(({ answered, dropped }, index) =>
    dropped === 0 ? [] : [`M${x(index)} ${height}V${round(height - (dropped / (dropped + answered)) * height)}`],
  );
  return { topMs, line: line.join(''), band: band.join(''), drops: drops.join('') };
}

interface Known {
  readonly index: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** Moments without an answer, so long as they are few, only mean that frames come slowly: the line goes on over them. */
const maxGap = 4;

function runsOf(moments: readonly Moment[]): Known[][] {
  const runs: Known[][] = [];
  moments.forEach(({ p50Ms, p95Ms }, index) => {
    if (p50Ms === undefined || p95Ms === undefined) return;
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run && last && index - last.index <= maxGap) run.push({ index, p50Ms, p95Ms });
    else runs.push([{ index, p50Ms, p95Ms }]);
  });
  return runs;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
