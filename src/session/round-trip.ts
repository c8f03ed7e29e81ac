/** Measures the time to a client and back with WebSocket pings, which every client answers by itself. Time is an argument. Main thread. */

import type { OpenSession } from '../status.ts';
import { toTenths } from './session-stats.ts';

const msPerSecond = 1000;
/** From the connection to the first ping: a client that sends one frame and leaves needs none. */
const firstPingMs = 1000;
/** From one answer to the next ping. */
const pingIntervalMs = 5000;
/** Answers that are kept: those of the last half a minute. */
const maxAnswers = 6;
/** A younger ping is not called unanswered. */
const minUnansweredMs = 1000;

export class RoundTrip {
  #pings = 0;
  /** The ping that is not answered yet. */
  #sentMs: number | undefined;
  #dueMs: number;
  /** The last round trips, oldest first. */
  #answersMs: number[] = [];

  constructor(nowMs: number) {
    this.#dueMs = nowMs + firstPingMs;
  }

  /** @returns the payload of a ping to send now, if one is due. */
  takeDue(nowMs: number): string | undefined {
    if (this.#sentMs !== undefined || nowMs < this.#dueMs) return undefined;
    this.#sentMs = nowMs;
    this.#pings += 1;
    return String(this.#pings);
  }

  /** A pong came; one that answers no ping of ours is ignored. */
  answered(payload: string, nowMs: number): void {
    if (this.#sentMs === undefined || payload !== String(this.#pings)) return;
    this.#answersMs = [...this.#answersMs, nowMs - this.#sentMs].slice(-maxAnswers);
    this.#sentMs = undefined;
    this.#dueMs = nowMs + pingIntervalMs;
  }

  /** The last round trip, or how long the unanswered ping has been on its way, if that is longer. Undefined before the first answer. */
  valueAt(nowMs: number): number | undefined {
    const lastMs = this.#answersMs.at(-1);
    if (lastMs === undefined) return undefined;
    return Math.max(lastMs, this.#sentMs === undefined ? 0 : nowMs - this.#sentMs);
  }

  /** What an open session reports of its pings, besides {@link valueAt}. */
  status(nowMs: number): Pick<OpenSession, 'round_trip_median_ms' | 'round_trip_max_ms' | 'unanswered_ping_s'> {
    const sorted = this.#answersMs.toSorted((one, other) => one - other);
    const [medianMs, maxMs] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted.at(-1)];
    const waitingMs = this.#sentMs === undefined ? 0 : nowMs - this.#sentMs;
    return {
      ...(medianMs === undefined ? {} : { round_trip_median_ms: toTenths(medianMs) }),
      ...(maxMs === undefined ? {} : { round_trip_max_ms: toTenths(maxMs) }),
      ...(waitingMs < minUnansweredMs ? {} : { unanswered_ping_s: toTenths(waitingMs / msPerSecond) }),
    };
  }
}
