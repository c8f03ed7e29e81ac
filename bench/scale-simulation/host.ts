/** A simulated host: workers, a few frames that wait for them, and the places that it grants to gateways. */
import { limitsOf } from '../../src/host/grants.ts';
import type { Agenda } from './agenda.ts';
import type { Gateway, Job } from './gateway.ts';
import type { Scene } from './scene.ts';
import type { Tally } from './tally.ts';

export interface HostOptions {
  readonly number: number;
  readonly zone: number;
  readonly scene: Scene;
  readonly agenda: Agenda;
  readonly tally: Tally;
  /** How long the next frame takes on a worker. */
  readonly drawServiceMs: () => number;
}

/** Multiples of it are spread evenly over 0 to 1. */
const goldenRatio = 0.618_033_988_749_895;

export class Host {
  readonly zone: number;
  readonly #options: HostOptions;
  #offset: number;
  #isUp = true;
  #upSinceMs = 0;
  #running = 0;
  #waiting: Job[] = [];
  /** Frames of an earlier life do not end. */
  #life = 0;

  constructor(options: HostOptions) {
    this.#options = options;
    this.zone = options.zone;
    this.#offset = (options.number * goldenRatio) % 1;
  }

  get workers(): number {
    return this.#options.scene.workers;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Frames that run or wait. */
  get inFlight(): number {
    return this.#running + this.#waiting.length;
  }

  receive(job: Job): void {
    if (!this.#isUp) return;
    if (this.#running < this.#options.scene.workers) this.#start(job);
    else this.#waiting.push(job);
  }

  /** Divides the places among the gateways that are up. @param hosts number of hosts that are up. */
  grant(gateways: readonly Gateway[], hosts: number): void {
    const { workers, waiting } = this.#options.scene;
    const claims = new Map(
      gateways.map((gateway) => [gateway, { demand: gateway.demand / hosts, weight: Math.max(1, gateway.sessions) }]),
    );
    this.#offset = (this.#offset + goldenRatio) % 1;
    for (const [gateway, limit] of limitsOf(claims, workers + waiting, this.#offset)) gateway.granted(this, limit);
  }

  goDown(): void {
    const { agenda, tally, scene } = this.#options;
    tally.up(scene.workers, this.#upSinceMs, agenda.nowMs);
    this.#isUp = false;
    this.#running = 0;
    this.#waiting = [];
    this.#life += 1;
  }

  comeUp(): void {
    this.#isUp = true;
    this.#upSinceMs = this.#options.agenda.nowMs;
  }

  /** To be called once at the end. */
  finish(endMs: number): void {
    if (this.#isUp) this.#options.tally.up(this.#options.scene.workers, this.#upSinceMs, endMs);
  }

  #start(job: Job): void {
    const { agenda, tally, drawServiceMs } = this.#options;
    const [fromMs, life] = [agenda.nowMs, this.#life];
    this.#running += 1;
    agenda.at(fromMs + drawServiceMs(), () => {
      if (life !== this.#life) return;
      tally.busy(fromMs, agenda.nowMs);
      this.#running -= 1;
      const next = this.#waiting.shift();
      if (next !== undefined) this.#start(next);
      job.finished();
    });
  }
}
