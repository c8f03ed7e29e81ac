/** A simulated camera: sends at its rate, and connects to another gateway when its own is lost. */
import type { Agenda } from './agenda.ts';
import type { Gateway } from './gateway.ts';
import { maxReconnectMs } from './scene.ts';
import type { Fate, Tally } from './tally.ts';

/** A connection of a camera to a gateway. */
export interface CameraSession {
  readonly id: string;
  readonly gateway: Gateway;
  readonly camera: Camera;
  /** Frames without a reply. */
  unanswered: number;
  /** Whether the camera sends to it. */
  isCurrent: boolean;
}

export interface CameraOptions {
  readonly number: number;
  readonly fps: number;
  readonly agenda: Agenda;
  readonly tally: Tally;
  readonly random: () => number;
  /** The balancer: the gateway for a new connection. */
  readonly pickGateway: () => Gateway | undefined;
  /** When it sends its last frame. */
  readonly endMs: number;
}

/** A camera's frames are early or late by up to this part of the interval. */
const jitter = 0.05;

export class Camera {
  readonly #options: CameraOptions;
  #session: CameraSession | undefined;
  #connections = 0;

  constructor(options: CameraOptions) {
    this.#options = options;
    this.connect();
    const intervalMs = 1000 / options.fps;
    this.#sendFrom(intervalMs * options.random(), intervalMs);
  }

  get gateway(): Gateway | undefined {
    return this.#session?.gateway;
  }

  /** Opens a connection, and ends the current one after its last reply. */
  connect(): void {
    const gateway = this.#options.pickGateway();
    if (gateway === undefined) {
      this.disconnected();
      return;
    }
    const old = this.#session;
    const id = `${this.#options.number}.${this.#connections++}`;
    this.#session = { id, gateway, camera: this, unanswered: 0, isCurrent: true };
    gateway.open(this.#session);
    if (old === undefined) return;
    old.isCurrent = false;
    if (old.unanswered === 0) old.gateway.close(old);
  }

  /** The connection was cut. */
  disconnected(): void {
    const { agenda, random } = this.#options;
    if (this.#session !== undefined) this.#session.isCurrent = false;
    this.#session = undefined;
    agenda.at(agenda.nowMs + maxReconnectMs * random(), () => this.connect());
  }

  #sendFrom(dueMs: number, intervalMs: number): void {
    const { agenda, random, endMs } = this.#options;
    if (dueMs >= endMs) return;
    agenda.at(dueMs + intervalMs * jitter * random(), () => {
      this.#send();
      this.#sendFrom(dueMs + intervalMs, intervalMs);
    });
  }

  #send(): void {
    const { agenda, tally, number } = this.#options;
    const sentMs = agenda.nowMs;
    const phase = tally.phaseAt(sentMs);
    tally.offered(number, phase);
    const session = this.#session;
    if (session === undefined) {
      tally.settled(phase, 'not_sent');
      return;
    }
    session.unanswered += 1;
    const settle = (fate: Fate) => {
      if (fate === 'result') tally.result(number, phase, agenda.nowMs - sentMs);
      else tally.settled(phase, fate);
      session.unanswered -= 1;
      if (!session.isCurrent && session.unanswered === 0) session.gateway.close(session);
    };
    session.gateway.offer({ pipelineId: 'any', session, settle });
  }
}
