/** One session as the scheduler knows it: what it has in flight, what it is owed, when its next frame is due. Pure: time comes in. */

/**
 * Weight of the newest interval in the smoothed time between frames. It rises faster than it falls: a frame whose hold ends a little late
 * is displaced by the next one, but one whose hold ends too early is lost, as between the bursts of a camera that sends in bursts.
 */
const risingWeight = 0.5;
const fallingWeight = 0.1;
/** Two frames say little of a rate: what was buffered while a camera connected often comes at once. */
const minArrivals = 3;
/** Time in which charged worker time fades to 1/e: what a session got long ago is no longer held against it. */
const chargeFadeMs = 5000;
/** A session stays active for this long after a frame, or for three of its intervals. */
const minActiveMs = 1000;
const activeIntervals = 3;
/** But never longer: one long pause makes an interval long, and nobody may keep a worker reserved by it. */
const maxActiveMs = 10_000;

export class SessionShare {
  /** Frames that run now. The only count of them. */
  inFlight = 0;
  /** When one of its frames was last started. */
  startedAtMs = Number.NEGATIVE_INFINITY;
  /** When one of its frames last lost its worker. */
  workerLostAtMs = Number.NEGATIVE_INFINITY;
  #arrivedAtMs = Number.NEGATIVE_INFINITY;
  /** Smoothed; 0 until two frames have arrived. */
  #intervalMs = 0;
  #arrivals = 0;
  #chargedMs = 0;
  #chargedAtMs = 0;

  /** Smoothed time between frames; `Infinity` while too few have arrived to tell. */
  get intervalMs(): number {
    return this.#arrivals < minArrivals ? Number.POSITIVE_INFINITY : this.#intervalMs;
  }

  /** Until when it counts as active if nothing more arrives. */
  get activeUntilMs(): number {
    const activeMs = Math.max(minActiveMs, activeIntervals * this.#intervalMs);
    return this.#arrivedAtMs + Math.min(maxActiveMs, activeMs);
  }

  arrived(nowMs: number): void {
    this.#arrivals += 1;
    const sinceLastMs = nowMs - this.#arrivedAtMs;
    if (Number.isFinite(sinceLastMs)) {
      const weight = this.#intervalMs === 0 ? 1 : sinceLastMs > this.#intervalMs ? risingWeight : fallingWeight;
      this.#intervalMs += weight * (sinceLastMs - this.#intervalMs);
    }
    this.#arrivedAtMs = nowMs;
  }

  /** Worker time that it got lately, in milliseconds: the session with the least is owed the most. */
  chargeMs(nowMs: number): number {
    return this.#chargedMs === 0 ? 0 : this.#chargedMs * Math.exp((this.#chargedAtMs - nowMs) / chargeFadeMs);
  }

  /** Adds worker time, or takes back what was estimated too high. */
  charge(workerMs: number, nowMs: number): void {
    this.#chargedMs = Math.max(0, this.chargeMs(nowMs) + workerMs);
    this.#chargedAtMs = nowMs;
  }
}
