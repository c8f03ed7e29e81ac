/** Simulates clients with congestion control and the gateway's own admission and replies, in simulated time. Tests only. */
import { CongestionWindow, type SentFrame, type WindowLimits } from '../../src/client/congestion-window.ts';
import type { Capacity } from '../../src/pool/executor.ts';
import { type Decision, Scheduler, type Start } from '../../src/pool/scheduler.ts';
import { Backpressure } from '../../src/session/backpressure.ts';
import { ReplyOrder } from '../../src/session/reply-order.ts';
import { seededRandom } from './seeded-random.ts';

/** A camera with a client: its newest frame is sent as soon as the window allows, each at most once. */
export interface PacedCamera {
  readonly fps: number;
  readonly startMs?: number;
  readonly untilMs?: number;
  readonly limits?: WindowLimits;
}

export interface PacedScene {
  readonly cameras: readonly PacedCamera[];
  readonly workers: (nowMs: number) => number;
  readonly serviceMs: (nowMs: number, random: () => number) => number;
  /** One-way network time, to or from the gateway; messages stay in order. */
  readonly oneWayMs: (random: () => number, nowMs: number) => number;
  /** How long a frame occupies the camera's uplink. */
  readonly uploadMs?: number;
  /** The maximum hold; default 1 s, like the gateway's. With 0, nothing is held. */
  readonly maxWaitMs?: number;
  readonly durationMs: number;
  readonly seed?: number;
}

/** What one client observed; times are when it received the message. */
export interface PacedTally {
  readonly sentMs: number[];
  readonly resultMs: number[];
  readonly droppedMs: number[];
  readonly slowDownMs: number[];
  /** From capture to result, for each of `resultMs`. */
  readonly agesMs: number[];
  peakInFlight: number;
}

interface Client extends PacedTally {
  readonly id: string;
  readonly window: CongestionWindow;
  readonly backpressure: Backpressure;
  /** Indices of frames with a result. */
  readonly order: ReplyOrder<number>;
  /** Frames without a reply, by index. */
  readonly frames: Map<number, Frame>;
  frameIndex: number;
  /** When the newest frame was captured; undefined after it is sent. */
  latestMs: number | undefined;
  uplinkFreeAtMs: number;
  /** Arrival time of the last message in each direction. */
  readonly lastMs: { up: number; down: number };
  /** Only the newest timer counts. */
  timer: number;
}

interface Frame {
  readonly pipelineId: string;
  readonly client: Client;
  readonly index: number;
  readonly sentFrame: SentFrame;
  readonly capturedMs: number;
  serviceMs: number;
}

const pipelineId = 'plates';
const defaultLimits: WindowLimits = { maxInFlight: 8, maxFps: 30 };
const thresholds = { dropThreshold: 0.1, slowdownThreshold: 0.3, dropWindowMs: 3000 };
const defaultMaxWaitMs = 1000;
/** Timers fire slightly late. */
const timerDelayMs = 0.5;
/** How soon the gateway uses an added worker. */
const workerPollMs = 100;

/** Runs a scene. @returns one tally per camera, in order. */
export function simulatePaced(scene: PacedScene): PacedTally[] {
  return new Simulation(scene).run();
}

/** Events per second within a time range. */
export function ratePerSecond(times: readonly number[], fromMs: number, toMs: number): number {
  return (1000 * times.filter((time) => time >= fromMs && time < toMs).length) / (toMs - fromMs);
}

/** The fraction of dropped frames, of those with a reply within a time range. */
export function dropRate(tallies: readonly PacedTally[], fromMs: number, toMs: number): number {
  const rateOf = (times: (tally: PacedTally) => readonly number[]) =>
    tallies.reduce((sum, tally) => sum + ratePerSecond(times(tally), fromMs, toMs), 0);
  const [dropped, answered] = [rateOf(({ droppedMs }) => droppedMs), rateOf(({ resultMs }) => resultMs)];
  return dropped === 0 ? 0 : dropped / (dropped + answered);
}

/** The median age of the results within a time range. */
export function medianAgeMs(tallies: readonly PacedTally[], fromMs: number, toMs: number): number {
  const ages = tallies.flatMap(({ agesMs, resultMs }) =>
    agesMs.filter((_, place) => (resultMs[place] ?? 0) >= fromMs && (resultMs[place] ?? 0) < toMs),
  );
  return ages.sort((a, b) => a - b)[ages.length >> 1] ?? Number.NaN;
}

/** The scene's current workers. */
class Workers implements Capacity {
  readonly generation: number = 1;
  readonly rank: number = 0;
  readonly pipelines = new Set([pipelineId]);
  capacity = 0;
  running = 0;

  get free(): number {
    return Math.max(0, this.capacity - this.running);
  }

  get idleShare(): number {
    return this.free / Math.max(1, this.capacity);
  }
}

class Simulation {
  readonly #scene: PacedScene;
  readonly #random: () => number;
  readonly #workers = new Workers();
  readonly #scheduler: Scheduler<Frame, Workers>;
  readonly #clients: Client[];
  /** Pending events, by time. */
  readonly #agenda: { readonly atMs: number; readonly run: () => void }[] = [];
  #nowMs = 0;

  constructor(scene: PacedScene) {
    this.#scene = scene;
    this.#random = seededRandom(scene.seed ?? 1);
    this.#scheduler = new Scheduler({ executors: [this.#workers], maxWaitMs: scene.maxWaitMs ?? defaultMaxWaitMs });
    this.#clients = scene.cameras.map(({ limits = defaultLimits }, index) => ({
      ...{ id: `camera ${index}`, window: new CongestionWindow(limits), backpressure: new Backpressure(thresholds) },
      ...{ order: new ReplyOrder(), frames: new Map(), frameIndex: 0 },
      ...{ sentMs: [], resultMs: [], droppedMs: [], slowDownMs: [], agesMs: [], peakInFlight: 0 },
      ...{ latestMs: undefined, uplinkFreeAtMs: 0, lastMs: { up: 0, down: 0 }, timer: 0 },
    }));
  }

  run(): PacedTally[] {
    this.#watchWorkers();
    for (const [index, client] of this.#clients.entries()) {
      this.#scheduler.open(client.id);
      this.#captureFrames(client, this.#scene.cameras[index] as PacedCamera, 0);
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

  #watchWorkers(): void {
    const count = this.#scene.workers(this.#nowMs);
    const isMore = count > this.#workers.capacity;
    this.#workers.capacity = count;
    if (isMore) this.#startHeld();
    this.#at(this.#nowMs + workerPollMs, () => this.#watchWorkers());
  }

  #captureFrames(client: Client, camera: PacedCamera, number: number): void {
    const { fps, startMs = 0, untilMs = Number.POSITIVE_INFINITY } = camera;
    // Camera jitter: a tenth of the interval.
    const atMs = startMs + ((number + this.#random() / 10) * 1000) / fps;
    if (atMs > untilMs) return;
    this.#at(atMs, () => {
      client.latestMs = this.#nowMs;
      this.#pump(client);
      this.#captureFrames(client, camera, number + 1);
    });
  }

  #pump(client: Client): void {
    const timer = ++client.timer;
    const capturedMs = client.latestMs;
    if (capturedMs === undefined) return;
    const waitMs = client.window.waitMs(this.#nowMs);
    if (waitMs > 0) {
      this.#at(this.#nowMs + waitMs + timerDelayMs, () => {
        if (client.timer === timer) this.#pump(client);
      });
      return;
    }
    client.latestMs = undefined;
    client.sentMs.push(this.#nowMs);
    const sentFrame = client.window.sent(this.#nowMs);
    const frame = { pipelineId, client, index: client.frameIndex++, sentFrame, capturedMs, serviceMs: 0 };
    client.peakInFlight = Math.max(client.peakInFlight, client.window.inFlight);
    client.uplinkFreeAtMs = Math.max(this.#nowMs, client.uplinkFreeAtMs) + (this.#scene.uploadMs ?? 0);
    this.#transmit(client, 'up', client.uplinkFreeAtMs, () => this.#arrive(frame));
  }

  /** A message arrives after the network time, and after those sent before it. */
  #transmit({ lastMs }: Client, direction: 'up' | 'down', fromMs: number, arrive: () => void): void {
    lastMs[direction] = Math.max(lastMs[direction], fromMs + this.#scene.oneWayMs(this.#random, this.#nowMs));
    this.#at(lastMs[direction], arrive);
  }

  #arrive(frame: Frame): void {
    const { client, index } = frame;
    client.frames.set(index, frame);
    client.order.expect(index);
    this.#apply(frame, this.#scheduler.arrive(client.id, frame, this.#nowMs));
  }

  #apply(frame: Frame, decision: Decision<Frame, Workers>): void {
    if (decision.type === 'start') this.#begin(decision);
    else if (decision.type === 'drop') this.#drop(frame);
    else {
      if (decision.displaced !== undefined) this.#drop(decision.displaced.frame);
      this.#at(decision.ticket.holdEndMs, () => {
        for (const { frame: ended } of this.#scheduler.expire(this.#nowMs)) this.#drop(ended);
        this.#startHeld();
      });
    }
  }

  #begin({ ticket }: Start<Frame, Workers>): void {
    const { frame } = ticket;
    frame.serviceMs = this.#scene.serviceMs(this.#nowMs, this.#random);
    this.#workers.running += 1;
    this.#at(this.#nowMs + frame.serviceMs, () => {
      this.#workers.running -= 1;
      const outcome = { type: 'result', text: '', timings: {} } as const;
      this.#scheduler.ended(ticket, outcome, this.#nowMs);
      this.#startHeld();
      this.#sendReady(frame.client, frame.client.order.finish(frame.index, frame.index));
    });
  }

  #startHeld(): void {
    const next = () => this.#scheduler.next(this.#nowMs);
    for (let start = next(); start !== undefined; start = next()) this.#begin(start);
  }

  #drop({ client, index, sentFrame }: Frame): void {
    client.frames.delete(index);
    this.#tell(client, true, () => {
      client.droppedMs.push(this.#nowMs);
      client.window.dropped(sentFrame, this.#nowMs);
    });
    this.#sendReady(client, client.order.drop(index));
  }

  #sendReady(client: Client, ready: readonly number[]): void {
    for (const index of ready) {
      const { sentFrame, capturedMs, serviceMs } = client.frames.get(index) as Frame;
      client.frames.delete(index);
      this.#tell(client, false, () => {
        client.resultMs.push(this.#nowMs);
        client.agesMs.push(this.#nowMs - capturedMs);
        client.window.result(sentFrame, this.#nowMs, serviceMs);
      });
    }
  }

  /** Sends a frame's reply, followed by `slow_down` if due. */
  #tell(client: Client, isDropped: boolean, tell: () => void): void {
    this.#reply(client, tell);
    if (!client.backpressure.record(isDropped, this.#nowMs).slowDown) return;
    this.#reply(client, () => {
      client.slowDownMs.push(this.#nowMs);
      client.window.slowDown(this.#nowMs);
    });
  }

  #reply(client: Client, tell: () => void): void {
    this.#transmit(client, 'down', this.#nowMs, () => {
      tell();
      this.#pump(client);
    });
  }
}
