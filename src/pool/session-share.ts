/** Scheduling state of one session: frames in flight, worker time charged, expected next frame. Pure: time is an argument. */
import { smooth } from '../statistics.ts';

/**
 * Weight of the newest interval in the smoothed frame interval. It rises faster than it falls: a frame whose hold ends a little late is
 * displaced by the next one, but a frame whose hold ends too early is lost, for example between the bursts of a camera.
 */
const risingWeight = 0.5;
const fallingWeight = 0.1;
/** Two frames do not show a rate: frames buffered while a camera connected often arrive together. */
const minArrivals = 3;
/** Time constant with which charged worker time decays to 1/e, so that old usage no longer counts against a session. */
const chargeDecayMs = 5000;
/** Charges that differ by less than a millionth have the same order: decayed values are not exact. */
const orderPrecision = 1_000_000;
/** A session stays active for this long after a frame, or for three of its intervals. */
const minActiveMs = 1000;
const activeIntervals = 3;
/** Upper limit: one long pause makes the interval long, and must not keep a worker reserved. */
const maxActiveMs = 10_000;
/** A session that loses a second worker within this time is assumed to cause the losses. */
const repeatedLossMs = 60_000;

export class SessionShare {
  /** Running frames of the session. The only place where they are counted. */
  inFlight = 0;
  /** When one of its frames was last started. */
  startedAtMs = Number.NEGATIVE_INFINITY;
  /** When a worker was last lost while running one of its frames. */
  #workerLostAtMs = Number.NEGATIVE_INFINITY;
  #arrivedAtMs = Number.NEGATIVE_INFINITY;
  /** Smoothed; 0 until two frames have arrived. */
  #intervalMs = 0;
  #arrivals = 0;
  #chargedMs = 0;
  #chargedAtMs = 0;
  /** Computed when it is needed; NaN until then. */
  #chargeOrder = Number.NEGATIVE_INFINITY;

  /** Smoothed frame interval; `Infinity` until enough frames have arrived. */
  get intervalMs(): number {
    return this.#arrivals < minArrivals ? Number.POSITIVE_INFINITY : this.#intervalMs;
  }

  /** Until when the session counts as active if no further frame arrives. */
  get activeUntilMs(): number {
    const activeMs = Math.max(minActiveMs, activeIntervals * this.#intervalMs);
    return this.#arrivedAtMs + Math.min(maxActiveMs, activeMs);
  }

  arrived(nowMs: number): void {
    this.#arrivals += 1;
    const sinceLastMs = nowMs - this.#arrivedAtMs;
    if (Number.isFinite(sinceLastMs)) {
      const weight = sinceLastMs > this.#intervalMs ? risingWeight : fallingWeight;
      this.#intervalMs = smooth(this.#intervalMs || undefined, sinceLastMs, weight);
    }
    this.#arrivedAtMs = nowMs;
  }

  /** @returns whether this is the second worker within a minute. */
  recordWorkerLoss(nowMs: number): boolean {
    const isRepeated = nowMs - this.#workerLostAtMs < repeatedLossMs;
    this.#workerLostAtMs = nowMs;
    return isRepeated;
  }

  /** Recently used worker time in milliseconds: the session with the least is owed the most. */
  chargeMs(nowMs: number): number {
    return this.#chargedMs === 0 ? 0 : this.#chargedMs * Math.exp((this.#chargedAtMs - nowMs) / chargeDecayMs);
  }

  /**
   * Sorts sessions by their charges at any time. All charges decay by the same factor, so their order changes only when one is charged:
   * the logarithm of the charge, plus the time of the charge in time constants, stays the same.
   */
  get chargeOrder(): number {
    if (Number.isNaN(this.#chargeOrder)) {
      const order = Math.log(this.#chargedMs) + this.#chargedAtMs / chargeDecayMs;
      this.#chargeOrder = Math.round(orderPrecision * order);
    }
    return this.#chargeOrder;
  }

  /** Adds worker time, or corrects an estimate that was too high. */
  charge(workerMs: number, nowMs: number): void {
    this.#chargedMs = Math.max(0, this.chargeMs(nowMs) + workerMs);
    this.#chargedAtMs = nowMs;
    this.#chargeOrder = Number.NaN;
  }

  /** Gives the session the same charge as another one. */
  matchCharge(other: SessionShare): void {
    this.#chargedMs = other.#chargedMs;
    this.#chargedAtMs = other.#chargedAtMs;
    this.#chargeOrder = other.#chargeOrder;
  }
}
