/** Simulated detections of a street: noise, misses, false boxes, cover by what stands in front, and dropped frames. */
import type { Detection } from '../../src/protocol.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { frameHeight, frameWidth, type Kind, type Solid, World } from './world.ts';

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface TrueBox extends Rect {
  readonly id: number;
  /** Hardly visible: neither its detection nor its absence counts. */
  readonly ignored: boolean;
}

export interface Frame {
  readonly atMs: number;
  readonly truth: readonly TrueBox[];
  readonly detections: readonly Detection[];
}

export interface Sequence {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Of the camera; the frames that were dropped are absent. */
  readonly fps: number;
  readonly drops: number;
  readonly frames: readonly Frame[];
}

export interface Conditions {
  readonly fps: number;
  /** Share of frames that are dropped at random. */
  readonly drops: number;
}

/** Points per side at which cover is tested. */
const grid = 8;
/** Below this visible share, an object does not count. */
const minVisible = 0.4;
/** Smallest width of a target that counts, in pixels. */
const minWidth: Readonly<Record<Kind, number>> = { plates: 20, cars: 30, people: 15 };
const missShare = 0.04;
const falsePerFrame = 0.12;
const lowestScore = 0.05;
const labels: Readonly<Record<Kind, string>> = { plates: 'plate', cars: 'car', people: 'person' };

export function simulate(kind: Kind, seed: number, seconds: number, { fps, drops }: Conditions): Sequence {
  const world = new World(kind, seed, seconds);
  const random = seededRandom(seed * 7919 + Math.round(fps * 100 + drops * 10));
  const detector = new Detector(kind, seed, random);
  const frames: Frame[] = [];
  for (let index = 0; index < seconds * fps; index++) {
    if (random() < drops) continue;
    const t = index / fps;
    const seen = look(world.at(t));
    const truth = seen.filter(({ rect, visible }) => visible > 0 && rect.w >= minWidth[kind] / 2);
    frames.push({
      atMs: Math.round(t * 1000),
      truth: truth.map(({ id, rect, visible }) => ({
        id,
        ...rect,
        ignored: visible < minVisible || rect.w < minWidth[kind],
      })),
      detections: detector.detect(seen),
    });
  }
  return { name: `${kind} ${seed}`, width: frameWidth, height: frameHeight, fps, drops, frames };
}

interface Seen {
  readonly id: number;
  /** Inside the frame. */
  readonly rect: Rect;
  /** The part that is not covered. */
  readonly open: Rect;
  readonly visible: number;
}

/** What can be seen of each target. */
function look(solids: readonly Solid[]): Seen[] {
  return solids.flatMap((solid, index) => (solid.id === 0 ? [] : [lookAt(solid, solids.slice(index + 1))]));
}

function lookAt({ id, target }: Solid, nearer: readonly Solid[]): Seen {
  const points: (readonly [number, number])[] = [];
  for (let row = 0; row < grid; row++) {
    for (let column = 0; column < grid; column++) {
      const x = target.x + ((column + 0.5) / grid) * target.w;
      const y = target.y + ((row + 0.5) / grid) * target.h;
      if (x < 0 || y < 0 || x > frameWidth || y > frameHeight) continue;
      if (!nearer.some((other) => holds(other, x, y))) points.push([x, y]);
    }
  }
  const rect = intersect(target, { x: 0, y: 0, w: frameWidth, h: frameHeight });
  return { id, rect, open: around(points, target), visible: points.length / grid ** 2 };
}

function holds({ x, y, w, h }: Rect, px: number, py: number): boolean {
  return px >= x && px <= x + w && py >= y && py <= y + h;
}

function intersect(a: Rect, b: Rect): Rect {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  return {
    x,
    y,
    w: Math.max(Math.min(a.x + a.w, b.x + b.w) - x, 0),
    h: Math.max(Math.min(a.y + a.h, b.y + b.h) - y, 0),
  };
}

/** The box around the grid cells of visible points. */
function around(points: readonly (readonly [number, number])[], { w, h }: Rect): Rect {
  if (points.length === 0) return { x: 0, y: 0, w: 0, h: 0 };
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs) - w / grid / 2, Math.min(...ys) - h / grid / 2];
  return { x: left, y: top, w: Math.max(...xs) + w / grid / 2 - left, h: Math.max(...ys) + h / grid / 2 - top };
}

/** Something that the detector takes for an object again and again. */
interface Mistake extends Rect {
  readonly share: number;
  readonly score: number;
}

class Detector {
  readonly #kind: Kind;
  readonly #random: () => number;
  readonly #mistakes: readonly Mistake[];

  constructor(kind: Kind, seed: number, random: () => number) {
    this.#kind = kind;
    this.#random = random;
    const scene = seededRandom(seed + 1_000_003);
    this.#mistakes = Array.from({ length: Math.floor(scene() * 3) }, () => ({
      ...anyBox(kind, scene),
      share: 0.1 + 0.5 * scene(),
      score: 0.15 + 0.4 * scene(),
    }));
  }

  detect(seen: readonly Seen[]): Detection[] {
    const found: Detection[] = [];
    for (const one of seen) {
      const size = Math.min(one.rect.w / (2 * minWidth[this.#kind]), 1);
      const score = 0.92 * one.visible ** 1.2 * size ** 0.7 + this.#normal() * 0.1;
      if (one.visible > 0.1 && this.#random() > missShare) this.#report(found, one.open, score);
    }
    for (const mistake of this.#mistakes) {
      if (this.#random() < mistake.share) this.#report(found, mistake, mistake.score + this.#normal() * 0.1);
    }
    if (this.#random() < falsePerFrame) this.#report(found, anyBox(this.#kind, this.#random), this.#random() ** 2);
    return found;
  }

  #report(found: Detection[], { x, y, w, h }: Rect, score: number): void {
    if (score < lowestScore || w < 3 || h < 2) return;
    const [dx, dy, dw, dh] = [0.03 * w, 0.03 * h, 0.05 * w, 0.05 * h].map(
      (deviation) => deviation * this.#normal(),
    ) as [number, number, number, number];
    const box = { x: tenth(x + dx - dw / 2), y: tenth(y + dy - dh / 2), w: tenth(w + dw), h: tenth(h + dh) };
    found.push({ ...box, label: labels[this.#kind], score: Math.round(Math.min(score, 0.99) * 1000) / 1000 });
  }

  /** A standard normal number, by Box and Muller. */
  #normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#random())) * Math.cos(2 * Math.PI * this.#random());
  }
}

function anyBox(kind: Kind, random: () => number): Rect {
  const w = minWidth[kind] * (1 + 4 * random());
  const h = w * { plates: 0.3, cars: 0.85, people: 2.6 }[kind];
  return { x: random() * (frameWidth - w), y: frameHeight * 0.2 + random() * (frameHeight * 0.8 - h), w, h };
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
