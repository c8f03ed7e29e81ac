/**
 * How long frames are held where load stays above capacity. There a hold that is longer than what keeps the workers busy only
 * makes results older. Pure: time comes in.
 *
 * Whenever a worker is freed, the youngest held frame tells how short the hold could have been: had it ended before that age, the worker
 * would have found nothing. The hold is the largest such age of late, and a quarter more. It is shortened only
 *
 * - while no worker has been idle for some time: an idle worker means that there is room; and
 * - after frames were dropped although they were held until their session's next one came: senders that wait for their answers keep the
 *   workers just as busy, and none of their frames need be lost. Once a while that is found out anew.
 *
 * Otherwise every frame is held until its session's next one is due.
 */

/** Margin above the largest age seen. */
const margin = 1.25;
/** A frame that goes before all others waits for the next worker only, but that may have just begun with a frame that takes long. */
const topPriorityMargin = 1.5;
/** A worker must not have been idle for this long, or for two rounds of the slowest session, before holds are shortened. */
const minBusyMs = 500;
const busyIntervals = 2;
/** Weight of the newest frame in the smoothed part of frames that were dropped from full holds. */
const dropRateWeight = 1 / 64;
/** More than this part is load above capacity; less may be a sender that tries how much it can have. */
const minOverloadRate = 0.03;
/** For how long pressure is taken to last, since shortened holds show nothing of it. */
const overloadMemoryMs = 30_000;

/** The largest value of a sliding window, in two halves: a value counts for one to two lengths. */
class SlidingMaximum {
  #current = 0;
  #previous = 0;
  #sinceMs = 0;

  record(value: number, nowMs: number, lengthMs: number): void {
    this.#roll(nowMs, lengthMs);
    this.#current = Math.max(this.#current, value);
  }

  at(nowMs: number, lengthMs: number): number {
    this.#roll(nowMs, lengthMs);
    return Math.max(this.#current, this.#previous);
  }

  #roll(nowMs: number, lengthMs: number): void {
    const passed = nowMs - this.#sinceMs;
    if (passed < lengthMs) return;
    this.#previous = passed < 2 * lengthMs ? this.#current : 0;
    this.#current = 0;
    this.#sinceMs = nowMs;
  }
}

/** The time that one frame may be held; all times are monotonic milliseconds. */
export interface Hold {
  readonly arrivedMs: number;
  /** When it ends. */
  readonly holdEndMs: number;
  /** When it would end at full length: its session's next frame is due, or the longest wait is over. */
  readonly dueMs: number;
}

export class HoldLength {
  readonly #requiredHolds = new SlidingMaximum();
  readonly #intervals = new SlidingMaximum();
  readonly #intervalsWindowMs: number;
  /** When a worker was last idle; until the first time nothing is known, and nothing is shortened. */
  #idleAtMs = Number.POSITIVE_INFINITY;
  #dropRate = 0;
  #overloadedAtMs = Number.NEGATIVE_INFINITY;
  /** The last frame that was dropped from a shortened hold. */
  #lastShortened: Hold | undefined;
  /** Whether a worker is idle now that a longer hold would have kept busy. */
  #isIdleAfterDrop = false;

  /** @param maxWaitMs no round is longer. */
  constructor(maxWaitMs: number) {
    this.#intervalsWindowMs = busyIntervals * maxWaitMs;
  }

  /** Notes the time until a session's next frame is due: its round, in which it has one frame started or dropped. */
  recordInterval(intervalMs: number, nowMs: number): void {
    this.#intervals.record(intervalMs, nowMs, this.#intervalsWindowMs);
  }

  /**
   * The longest hold of a frame that arrives now; `Infinity` while there is room.
   * @param serviceMs how long such a frame takes. No hold is shorter, so that every frame sees a worker freed.
   * @param isForemost whether it goes before all that are held.
   */
  limitMs(nowMs: number, serviceMs: number, hasTopPriority: () => boolean): number {
    const windowMs = this.#windowMs(nowMs);
    const isBusy = nowMs - this.#idleAtMs >= windowMs;
    if (!isBusy || nowMs - this.#overloadedAtMs > overloadMemoryMs) return Number.POSITIVE_INFINITY;
    return Math.max(
      hasTopPriority() ? topPriorityMargin * serviceMs : serviceMs,
      margin * this.#requiredHolds.at(nowMs, windowMs),
    );
  }

  /** A frame was started. */
  recordStart(hold: Hold, nowMs: number): void {
    if (hold.holdEndMs === hold.dueMs) this.#recordFullHold(0, nowMs);
  }

  /** A frame was dropped for want of a worker. */
  recordDrop(hold: Hold, nowMs: number): void {
    if (hold.holdEndMs === hold.dueMs) this.#recordFullHold(1, nowMs);
    else this.#lastShortened = hold;
  }

  /** A freed worker found held frames; the youngest is this old. */
  recordFreedWorker(youngestMs: number, nowMs: number): void {
    this.#requiredHolds.record(youngestMs, nowMs, this.#windowMs(nowMs));
  }

  /** A freed worker found nothing: because there was nothing, or because it was dropped too early. */
  recordIdle(nowMs: number): void {
    this.#isIdleAfterDrop = this.#lastShortened !== undefined && this.#lastShortened.dueMs > nowMs;
    if (!this.#isIdleAfterDrop) this.#idleAtMs = nowMs;
  }

  /** An idle worker got a frame: now it is known how long a hold would have had to be to keep it busy. */
  recordBusy(nowMs: number): void {
    if (!this.#isIdleAfterDrop || this.#lastShortened === undefined) {
      this.#idleAtMs = nowMs;
      return;
    }
    this.#isIdleAfterDrop = false;
    this.recordFreedWorker(Math.min(nowMs, this.#lastShortened.dueMs) - this.#lastShortened.arrivedMs, nowMs);
    this.#lastShortened = undefined;
  }

  #recordFullHold(dropped: 0 | 1, nowMs: number): void {
    this.#dropRate += dropRateWeight * (dropped - this.#dropRate);
    if (this.#dropRate > minOverloadRate) this.#overloadedAtMs = nowMs;
  }

  #windowMs(nowMs: number): number {
    return Math.max(minBusyMs, busyIntervals * this.#intervals.at(nowMs, this.#intervalsWindowMs));
  }
}
