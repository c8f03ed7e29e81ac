/** The shapes of a row's small chart: frames as steps that are filled, results as a line. Pure. */

/** Size of the viewBox; the page scales it. */
const sparkHeight = 20;

export interface Sparkline {
  /** SVG path of the area of frames per second. */
  readonly frames: string;
  /** SVG path of results per second. */
  readonly results: string;
}

/** Both have the same scale, so that the gap between them is what was not processed. One unit of width per second. */
export function sparkline(frames: readonly number[], results: readonly number[]): Sparkline {
  const top = Math.max(1, ...frames, ...results);
  const y = (count: number) => Math.round(sparkHeight * (1 - count / top) * 10) / 10;
  const steps = (counts: readonly number[]) => counts.map((count, second) => `V${y(count)}H${second + 1}`).join('');
  return {
    frames: `M0 ${sparkHeight}${steps(frames)}V${sparkHeight}Z`,
    results: `M0 ${y(results[0] ?? 0)}${steps(results)}`,
  };
}
