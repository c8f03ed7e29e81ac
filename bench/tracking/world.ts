/** A simulated street for trackers: what moves where, in meters and seconds, seen by a camera above the road. */
import { seededRandom } from '../../test/support/seeded-random.ts';

export const frameWidth = 1280;
export const frameHeight = 720;

/** What is tracked: plates or the vehicles that carry them, or people. */
export const kinds = ['plates', 'cars', 'people'] as const;
export type Kind = (typeof kinds)[number];

/** Params of `track.objects` that its page recommends. */
export const trackerParams: Readonly<Record<Kind, object>> = { plates: {}, cars: {}, people: { speed: 3 } };

/** A box in the frame, and its distance from the camera. */
export interface Solid {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  /** What of it is detected: itself, or the plate on it. */
  readonly target: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly z: number;
}

interface Camera {
  readonly focal: number;
  readonly horizon: number;
  readonly above: number;
}

type Random = () => number;

/** Where something is on the road at a time, or undefined if it is not there. */
type Path = (t: number) => { readonly x: number; readonly z: number } | undefined;

interface Actor {
  readonly id: number;
  readonly path: Path;
  readonly wide: number;
  readonly tall: number;
  /** Center, width, and height of its plate in meters, from the middle of its foot. */
  readonly plate?: { readonly up: number; readonly wide: number; readonly tall: number };
}

const between = (random: Random, low: number, high: number) => low + (high - low) * random();
const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;

/** Distances at which vehicles appear and leave, in meters. */
const [far, near] = [26, 3.4];

/** Simulates one place. The same seed gives the same street. */
export class World {
  readonly #camera: Camera;
  readonly #actors: readonly Actor[];

  constructor(kind: Kind, seed: number, seconds: number) {
    const random = seededRandom(seed);
    this.#camera = {
      focal: frameWidth * between(random, 0.8, 1.05),
      horizon: frameHeight * between(random, 0.12, 0.3),
      above: between(random, 2.2, 3.8),
    };
    this.#actors =
      kind === 'people' ? people(random, seconds) : [...traffic(random, this.#camera, seconds), ...posts(random)];
  }

  /** Everything that can be in the frame, farthest first. Posts have the id 0. */
  at(t: number): Solid[] {
    const solids = this.#actors.flatMap((actor) => {
      const place = actor.path(t);
      return place === undefined ? [] : [this.#project(actor, place.x, place.z)];
    });
    return solids.sort((a, b) => b.z - a.z);
  }

  #project(actor: Actor, x: number, z: number): Solid {
    const scale = this.#camera.focal / z;
    const [footX, footY] = [frameWidth / 2 + x * scale, this.#camera.horizon + this.#camera.above * scale];
    const place = (up: number, wide: number, tall: number) => ({
      x: footX - (wide / 2) * scale,
      y: footY - (up + tall / 2) * scale,
      w: wide * scale,
      h: tall * scale,
    });
    const whole = place(actor.tall / 2, actor.wide, actor.tall);
    const { plate } = actor;
    return { id: actor.id, ...whole, z, target: plate ? place(plate.up, plate.wide, plate.tall) : whole };
  }
}

function traffic(random: Random, camera: Camera, seconds: number): Actor[] {
  const actors: Actor[] = [];
  const along = [-3.4, 0, 3.4].filter(() => random() < 0.67);
  const across = [4.6, 6.6, 9].filter(() => random() < 0.5);
  if (along.length + across.length === 0) along.push(0);
  for (const fixed of along) fillLane(actors, random, alongLane(random, fixed, seconds), [6, 13], seconds);
  for (const fixed of across) fillLane(actors, random, acrossLane(random, camera, fixed, seconds), [3, 8], seconds);
  return actors;
}

interface Lane {
  readonly traveled: (t: number) => number;
  readonly place: (way: number) => { readonly x: number; readonly z: number } | undefined;
}

/** Vehicles of a lane share its speed, so that they never touch. */
function fillLane(actors: Actor[], random: Random, lane: Lane, gap: readonly [number, number], seconds: number): void {
  for (let start = between(random, 0, far); start > -lane.traveled(seconds); start -= between(random, ...gap)) {
    const from = start;
    const wide = 1.8 * between(random, 0.9, 1.15);
    const tall = wide * (random() < 0.15 ? between(random, 1.1, 1.4) : between(random, 0.74, 0.95));
    const plateWide = wide * pick(random, [0.3, 0.28, 0.235, 0.185]) * between(random, 0.9, 1.1);
    const plate = {
      up: tall * between(random, 0.16, 0.4),
      wide: plateWide,
      tall: plateWide / pick(random, [4.5, 4.5, 3, 2.1]),
    };
    const path: Path = (t) => lane.place(from + lane.traveled(t));
    actors.push({ id: actors.length + 1, path, wide, tall, plate });
  }
}

function alongLane(random: Random, x: number, seconds: number): Lane {
  const away = random() < 0.5;
  return {
    traveled: travel(random, between(random, 2, 9), seconds),
    place: (way) => (way < 0 || way > far - near ? undefined : { x, z: away ? near + way : far - way }),
  };
}

function acrossLane(random: Random, camera: Camera, z: number, seconds: number): Lane {
  const direction = random() < 0.5 ? -1 : 1;
  const reach = ((frameWidth / 2) * z) / camera.focal + 2;
  return {
    traveled: travel(random, between(random, 1.5, 8), seconds),
    place: (way) => (way < 0 || way > 2 * reach ? undefined : { x: direction * (way - reach), z }),
  };
}

/** Meters driven at a time: at one speed, and in half of all lanes with stops. */
function travel(random: Random, speed: number, seconds: number): (t: number) => number {
  const step = 1 / 60;
  const count = Math.ceil(seconds / step) + 2;
  const ways = new Float64Array(count);
  const stops = random() < 0.5;
  let [current, target, nextChange] = [speed, speed, between(random, 2, 12)];
  for (let index = 1; index < count; index++) {
    const t = index * step;
    if (stops && t > nextChange) {
      target = target === 0 ? speed : 0;
      nextChange = t + (target === 0 ? between(random, 2, 5) : between(random, 4, 15));
    }
    const change = Math.min(Math.max(target - current, -6 * step), 3 * step);
    current += change;
    ways[index] = (ways[index - 1] as number) + current * step;
  }
  return (t) => ways[Math.min(Math.max(Math.round(t / step), 0), count - 1)] as number;
}

function posts(random: Random): Actor[] {
  return Array.from({ length: Math.floor(random() * 4) }, () => {
    const z = between(random, 3.6, 8);
    const x = between(random, -0.6, 0.6) * z;
    return { id: 0, path: () => ({ x, z }), wide: between(random, 0.08, 0.45), tall: between(random, 2, 4) };
  });
}

/** People walk to goals, pause, and turn. */
function people(random: Random, seconds: number): Actor[] {
  const count = 4 + Math.floor(random() * 10);
  return Array.from({ length: count + Math.ceil(seconds / 6) }, (_, index) => {
    const from = index < count ? -1 : between(random, 0, seconds);
    const tall = between(random, 1.5, 1.95);
    return {
      id: index + 1,
      path: walk(random, from, between(random, 8, 40), seconds),
      wide: tall * between(random, 0.3, 0.45),
      tall,
    };
  });
}

function walk(random: Random, from: number, lasts: number, seconds: number): Path {
  const step = 1 / 30;
  const places: { x: number; z: number }[] = [];
  let z = between(random, 5, 20);
  let x = from < 0 ? between(random, -0.6, 0.6) * z : pick(random, [-0.66, 0.66]) * z;
  let goal = { x: between(random, -0.5, 0.5) * z, z: between(random, 5, 20) };
  let pause = 0;
  const pace = between(random, 0.8, 2.2);
  for (let t = 0; t < Math.min(lasts, seconds) + step; t += step) {
    const [dx, dz] = [goal.x - x, goal.z - z];
    const distance = Math.hypot(dx, dz);
    if (pause > 0) pause -= step;
    else if (distance < 0.3) {
      goal = { z: between(random, 5, 20), x: 0 };
      goal = { ...goal, x: between(random, -0.55, 0.55) * goal.z };
      pause = random() < 0.4 ? between(random, 0.5, 4) : 0;
    } else {
      x += (dx / distance) * pace * step;
      z += (dz / distance) * pace * step;
    }
    places.push({ x, z });
  }
  return (t) => (t < from ? undefined : places[Math.floor((t - Math.max(from, 0)) / step)]);
}
