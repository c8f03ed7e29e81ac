/** Simulates paced clients before a gateway without a queue, in made-up time, with the gateway's own admission. Tests only. */
import { Pace, type PaceLimits } from '../../src/client/pace.ts';
import { FairShare } from '../../src/pool/fair-share.ts';
import { seededRandom } from '../../src/samples/seeded-random.ts';
import { Backpressure } from '../../src/session/backpressure.ts';

/** A camera with a client: its newest picture is sent as soon as the pace allows, and none twice. */
export interface PacedCamera {
  readonly fps: number;
  readonly startMs?: number;
  readonly untilMs?: number;
  readonly limits?: PaceLimits;
}

export interface PacedScene {
  readonly cameras: readonly PacedCamera[];
  readonly workers: (nowMs: number) => number;
  readonly serviceMs: (nowMs: number, random: () => number) => number;
  /** One way, to or from the gateway. */
  readonly oneWayMs: (random: () => number) => number;
  /** How long a frame occupies the camera's uplink. */
  readonly uploadMs?: number;
  readonly durationMs: number;
  readonly seed?: number;
}

/** What one client saw; times are of the moment at which it knew. */
export interface PacedTally {
  readonly sentMs: number[];
  readonly resultMs: number[];
  readonly droppedMs: number[];
  readonly slowDownMs: number[];
  /** From the camera's picture to its result. */
  readonly agesMs: number[];
  mostInFlight: number;
}

interface Client extends PacedTally {
  readonly id: string;
  readonly pace: Pace;
  readonly backpressure: Backpressure;
  /** When the newest picture was taken, until it is sent. */
  pictureMs: number | undefined;
  uplinkFreeMs: number;
  /** Only the newest timer counts. */
  timer: number;
  /** Results leave the gateway in index order. */
  readonly order: { ready: boolean; readonly reply: () => void }[];
}

const defaultLimits: PaceLimits = { maxInFlight: 8, maxFps: 30 };
const thresholds = { dropThreshold: 0.1, slowdownThreshold: 0.3, dropWindowMs: 3000 };
/** Timers fire a little late. */
const timerLateMs = 0.5;

/** Runs a scene. @returns one tally a camera, in their order. */
export function simulatePaced(scene: PacedScene): PacedTally[] {
  return new Simulation(scene).run();
}

/** How many of `times` lie in a span, per second. */
export function ratePerSecond(times: readonly number[], fromMs: number, toMs: number): number {
  return (1000 * times.filter((time) => time >= fromMs && time < toMs).length) / (toMs - fromMs);
}

/** The part of the frames that were dropped, of those whose fate was known from `fromMs` on. */
export function dropRate({ resultMs, droppedMs }: PacedTally, fromMs: number, toMs: number): number {
  const [dropped, answered] = [ratePerSecond(droppedMs, fromMs, toMs), ratePerSecond(resultMs, fromMs, toMs)];
  return dropped === 0 ? 0 : dropped / (dropped + answered);
}

class Simulation {
  readonly #scene: PacedScene;
  readonly #random: () => number;
  readonly #shares = new FairShare();
  readonly #clients: Client[];
  /** What is to happen, by time. */
  readonly #agenda: { readonly atMs: number; readonly run: () => void }[] = [];
  #nowMs = 0;
  #busy = 0;

  constructor(scene: PacedScene) {
    this.#scene = scene;
    this.#random = seededRandom(scene.seed ?? 1);
    this.#clients = scene.cameras.map(({ limits = defaultLimits }, index) => ({
      ...{ id: `camera ${index}`, pace: new Pace(limits), backpressure: new Backpressure(thresholds) },
      ...{ sentMs: [], resultMs: [], droppedMs: [], slowDownMs: [], agesMs: [], mostInFlight: 0 },
      ...{ pictureMs: undefined, uplinkFreeMs: 0, timer: 0, order: [] },
    }));
  }

  run(): PacedTally[] {
    for (const [index, client] of this.#clients.entries()) {
      this.#shares.open(client.id);
      this.#takePictures(client, this.#scene.cameras[index] as PacedCamera, 0);
    }
    for (let next = this.#agenda.shift(); next !== undefined; next = this.#agenda.shift()) {
      this.#nowMs = next.atMs;
      next.run();
    }
    return this.#clients;
  }

  #at(atMs: number, run: () => void): void {
    if (atMs > this.#scene.durationMs) return;
    let place = this.#agenda.length;
    while (place > 0 && (this.#agenda[place - 1]?.atMs ?? 0) > atMs) place -= 1;
    this.#agenda.splice(place, 0, { atMs, run });
  }

  #takePictures(client: Client, camera: PacedCamera, number: number): void {
    const { fps, startMs = 0, untilMs = Number.POSITIVE_INFINITY } = camera;
    // A camera's own jitter: a tenth of its interval.
    const atMs = startMs + ((number + this.#random() / 10) * 1000) / fps;
    if (atMs > untilMs) return;
    this.#at(atMs, () => {
      client.pictureMs = this.#nowMs;
      this.#pump(client);
      this.#takePictures(client, camera, number + 1);
    });
  }

  #pump(client: Client): void {
    const timer = ++client.timer;
    const takenMs = client.pictureMs;
    if (takenMs === undefined) return;
    const waitMs = client.pace.waitMs(this.#nowMs);
    if (waitMs > 0) {
      this.#at(this.#nowMs + waitMs + timerLateMs, () => {
        if (client.timer === timer) this.#pump(client);
      });
      return;
    }
    client.pictureMs = undefined;
    client.sentMs.push(this.#nowMs);
    const departure = client.pace.sent(this.#nowMs);
    client.mostInFlight = Math.max(client.mostInFlight, client.pace.inFlight);
    client.uplinkFreeMs = Math.max(this.#nowMs, client.uplinkFreeMs) + (this.#scene.uploadMs ?? 0);
    this.#at(client.uplinkFreeMs + this.#scene.oneWayMs(this.#random), () => this.#arrive(client, departure, takenMs));
  }

  #arrive(client: Client, departure: ReturnType<Pace['sent']>, takenMs: number): void {
    const workers = this.#scene.workers(this.#nowMs);
    const free = Math.max(0, workers - this.#busy);
    const isTaken = this.#shares.arrive(client.id, this.#nowMs, free, workers) === 'accepted';
    if (isTaken) this.#work(client, departure, takenMs);
    else {
      this.#reply(client, () => {
        client.droppedMs.push(this.#nowMs);
        client.pace.dropped(departure, this.#nowMs);
      });
    }
    if (client.backpressure.record(!isTaken, this.#nowMs).slowDown) {
      this.#reply(client, () => {
        client.slowDownMs.push(this.#nowMs);
        client.pace.slowDown(this.#nowMs);
      });
    }
  }

  #work(client: Client, departure: ReturnType<Pace['sent']>, takenMs: number): void {
    const serviceMs = this.#scene.serviceMs(this.#nowMs, this.#random);
    const item = {
      ready: false,
      reply: () => {
        client.resultMs.push(this.#nowMs);
        client.agesMs.push(this.#nowMs - takenMs);
        client.pace.result(departure, this.#nowMs, serviceMs);
      },
    };
    this.#shares.taken(client.id, this.#nowMs);
    this.#busy += 1;
    client.order.push(item);
    this.#at(this.#nowMs + serviceMs, () => {
      this.#busy -= 1;
      this.#shares.answered(client.id, serviceMs);
      item.ready = true;
      while (client.order[0]?.ready) this.#reply(client, client.order.shift()?.reply ?? (() => undefined));
    });
  }

  #reply(client: Client, tell: () => void): void {
    this.#at(this.#nowMs + this.#scene.oneWayMs(this.#random), () => {
      tell();
      this.#pump(client);
    });
  }
}
