/** Measures the time to a client and back with WebSocket pings, which every client answers by itself. Time is an argument. Main thread. */

/** From the connection to the first ping: a client that sends one frame and leaves needs none. */
const firstPingMs = 1000;
/** From one answer to the next ping. */
const pingIntervalMs = 5000;

export class RoundTrip {
  #pings = 0;
  /** The ping that is not answered yet. */
  #sentMs: number | undefined;
  #dueMs: number;
  #lastMs: number | undefined;

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
    this.#lastMs = nowMs - this.#sentMs;
    this.#sentMs = undefined;
    this.#dueMs = nowMs + pingIntervalMs;
  }

  /** The last round trip, or how long the unanswered ping has been on its way, if that is longer. Undefined before the first answer. */
  valueAt(nowMs: number): number | undefined {
    if (this.#lastMs === undefined) return undefined;
    return Math.max(this.#lastMs, this.#sentMs === undefined ? 0 : nowMs - this.#sentMs);
  }
}
