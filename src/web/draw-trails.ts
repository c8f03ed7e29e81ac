/** Draws the trails of tracks under their boxes. */
import { trackColor } from './track-colors.ts';
import { type Place, trailMs } from './trails.ts';

/** In CSS pixels. */
const trailWidth = 3;
/** More trails are thin: they would cover the picture, and lines of one pixel take a third of the time without a GPU. */
const maxWideTrails = 8;
/** In canvas pixels. */
const thinTrailWidth = 1;
/** A trail fades in so many steps: a stroke for each costs less than one for every place. */
const fadeSteps = 4;
const maxOpacity = 0.9;

export interface TrailOptions {
  readonly nowMs: number;
  /** Canvas pixels per frame pixel. */
  readonly scale: number;
  /** Canvas pixels per CSS pixel. */
  readonly density: number;
}

export function drawTrails(
  context: CanvasRenderingContext2D,
  trails: ReadonlyMap<number, readonly Place[]>,
  { nowMs, scale, density }: TrailOptions,
): void {
  if (trails.size === 0) return;
  context.lineWidth = trails.size > maxWideTrails ? thinTrailWidth : trailWidth * density;
  // Without a GPU, round joins take a third of the time.
  context.lineJoin = 'bevel';
  context.lineCap = 'butt';
  for (const [id, places] of trails) {
    context.strokeStyle = trackColor(id);
    for (const [step, path] of stepsOf(places, nowMs, scale).entries()) {
      context.globalAlpha = (maxOpacity * (step + 1)) / fadeSteps;
      context.stroke(path);
    }
  }
  context.globalAlpha = 1;
}

/** The parts of a trail by age, oldest first. Each is one line, so that its corners have no gaps. */
function stepsOf(places: readonly Place[], nowMs: number, scale: number): Path2D[] {
  const paths = Array.from({ length: fadeSteps }, () => new Path2D());
  let drawn: Path2D | undefined;
  for (const [index, { x, y, atMs }] of places.entries()) {
    const previous = places[index - 1];
    if (previous === undefined) continue;
    const step = Math.floor((1 - (nowMs - atMs) / trailMs) * fadeSteps);
    const path = paths[Math.min(fadeSteps - 1, Math.max(0, step))] as Path2D;
    if (path !== drawn) path.moveTo(previous.x * scale, previous.y * scale);
    path.lineTo(x * scale, y * scale);
    drawn = path;
  }
  return paths;
}
