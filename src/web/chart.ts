/** Scale and SVG paths of the round-trip chart. Pure. */
import type { Moment } from './statistics.ts';

export interface ChartShapes {
  /** Upper end of the scale, in milliseconds. */
  readonly topMs: number;
  /** SVG path of the medians. */
  readonly line: string;
  /** SVG path of the area from the median up to the 95th percentile. */
  readonly band: string;
  /** SVG path with one bar per moment with drops; the height is the drop rate. */
  readonly drops: string;
}

/** Round values for the upper end of the scale. */
const scaleSteps = [1, 2, 5, 10];
/** Minimum scale, so that small variations stay small. */
const minTopMs = 20;

/** Rounds up to 1, 2 or 5 times a power of ten. */
export function roundUp(value: number): number {
  if (!(value > minTopMs)) return minTopMs;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * (scaleSteps.find((step) => step * power >= value) ?? 10);
}

/** Shapes for a chart of `width` × `height`. Time runs to the right; the newest moment is at the right edge. */
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
    // A single moment is a zero-length line, which round line caps turn into a dot.
    line.push(`M${medians.join('L')}${medians.length === 1 ? 'h0' : ''}`);
    if (run.length > 1) band.push(`M${[...medians, ...tops].join('L')}Z`);
  }
  const drops = moments.flatMap(({ results, dropped }, index) =>
    dropped === 0 ? [] : [`M${x(index)} ${height}V${round(height - (dropped / (dropped + results)) * height)}`],
  );
  return { topMs, line: line.join(''), band: band.join(''), drops: drops.join('') };
}

interface Known {
  readonly index: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** The line bridges gaps up to this many moments: at low rates, some moments have no results. */
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
