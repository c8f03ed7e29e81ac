/** Turns the rings of a mask into an outline with a limited number of points. Any thread. */
import type { Ring } from './contours.ts';
import { simplifyRing } from './simplify.ts';

/** Rings of one object, largest first. A mask of noise has tens of thousands. */
const maxRings = 100;
/** Points of one object: a detailed outline of 1280 pixels has 2,000. */
const maxPoints = 10_000;
const minPoints = 3;

/**
 * @param rings of one object.
 * @param tolerance in pixels of the rings; see {@link simplifyRing}. An outline that still has too many points loses more of them.
 */
export function outlineOf(rings: readonly Ring[], tolerance: number): Ring[] {
  const simple = largest(rings).map((ring) => simplifyRing(ring, tolerance));
  const points = simple.reduce((sum, ring) => sum + ring.length / 2, 0);
  if (points <= maxPoints) return simple;
  const step = Math.ceil(points / maxPoints);
  return simple.map((ring) => everyNth(ring, step)).filter((ring) => ring.length / 2 >= minPoints);
}

/** In the order in which they were traced. */
function largest(rings: readonly Ring[]): readonly Ring[] {
  if (rings.length <= maxRings) return rings;
  const bySize = [...rings].sort((a, b) => areaOf(b) - areaOf(a));
  const kept = new Set(bySize.slice(0, maxRings));
  return rings.filter((ring) => kept.has(ring));
}

/** The shoelace formula: pixels of a ring that is clockwise on the image, as the tracer's are. */
function areaOf(ring: Ring): number {
  let twice = 0;
  for (let at = 0, before = ring.length - 2; at < ring.length; before = at, at += 2) {
    const [ax, ay] = [ring[before] as number, ring[before + 1] as number];
    const [bx, by] = [ring[at] as number, ring[at + 1] as number];
    twice += ax * by - bx * ay;
  }
  return twice / 2;
}

function everyNth(ring: Ring, step: number): Ring {
  return ring.filter((_, at) => Math.floor(at / 2) % step === 0);
}
