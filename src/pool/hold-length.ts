/**
 * How long frames are held while load stays above capacity. A hold longer than needed to keep the workers busy only makes results
 * older then. Pure: time is an argument.
 *
 * When a worker is freed, the age of the youngest held frame shows how long the hold must be: if that frame had expired earlier, the
 * worker would have found nothing to run. The hold is the maximum of these ages over a recent window, plus 25 %. It is shortened only
 *
 * - while no worker has been idle for some time, since an idle worker means spare capacity; and
 * - after frames with full holds were dropped. Senders that wait for replies keep the workers just as busy without any drops, so their
 *   frames need not be lost. This is checked again from time to time.
 *
 * Otherwise every frame is held until its session's next frame is due.
 */
import { smooth } from '../statistics.ts';
import { SlidingMaximum } from './sliding-maximum.ts';

/** Margin above the maximum age. */
const margin = 1.25;
/** A frame with top priority only waits for the next worker, but that one may have just started a slow frame. */
const topPriorityMargin = 1.5;
/** Holds are shortened only if no worker has been idle for this long, or for two intervals of the slowest session. */
const minBusyMs = 500;
const busyIntervals = 2;
/** Weight of the newest frame in the smoothed drop rate of frames with full holds. */
const dropRateWeight = 1 / 64;
/** A higher drop rate means load above capacity; a lower one may come from a sender that probes for its maximum rate. */
const minOverloadRate = 0.03;
/** How long overload is assumed to last, since frames with shortened holds do not measure it. */
const overloadMemoryMs = 30_000;

/** The hold of one frame; all times are monotonic milliseconds. */
export interface Hold {
  readonly arrivedMs: number;
  /** When the hold ends. */
  readonly holdEndMs: number;
  /** When a full hold would end: the session's next frame is due, or the maximum wait is over. */
  readonly dueMs: number;
}

export class HoldLength {
  readonly #requiredHolds = new SlidingMaximum();
  readonly #intervals = new SlidingMaximum();
  readonly #intervalsWindowMs: number;
  /** When a worker was last idle. Initially infinite: as long as nothing is known, holds are not shortened. */
  #idleAtMs = Number.POSITIVE_INFINITY;
  #dropRate = 0;
  #overloadedAtMs = Number.NEGATIVE_INFINITY;
  /** The last frame dropped from a shortened hold. */
  #lastShortened: Hold | undefined;
  /** Whether a worker is idle now that a longer hold would have kept busy. */
  #isIdleAfterDrop = false;

  /** @param maxWaitMs upper limit of all intervals. */
  constructor(maxWaitMs: number) {
    this.#intervalsWindowMs = busyIntervals * maxWaitMs;
  }

  /** Records a session's interval: the time until its next frame is due. */
  recordInterval(intervalMs: number, nowMs: number): void {
    this.#intervals.record(intervalMs, nowMs, this.#intervalsWindowMs);
  }

  /**
   * The maximum hold of a frame that arrives now; `Infinity` while there is spare capacity.
   * @param serviceMs how long such a frame takes. No hold is shorter, so that a worker is freed during every hold.
   * @param hasTopPriority whether the frame goes before all held ones.
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

  /** Records that a frame was started. */
  recordStart(hold: Hold, nowMs: number): void {
    if (hold.holdEndMs === hold.dueMs) this.#recordFullHold(0, nowMs);
  }

  /** Records that a frame was dropped because no worker was free. */
  recordDrop(hold: Hold, nowMs: number): void {
    if (hold.holdEndMs === hold.dueMs) this.#recordFullHold(1, nowMs);
    else this.#lastShortened = hold;
  }

  /** Records that a freed worker found held frames, the youngest of this age. */
  recordFreedWorker(youngestMs: number, nowMs: number): void {
    this.#requiredHolds.record(youngestMs, nowMs, this.#windowMs(nowMs));
  }

  /** Records that a freed worker found no frame: there was none, or it was dropped too early. */
  recordIdle(nowMs: number): void {
    this.#isIdleAfterDrop = this.#lastShortened !== undefined && this.#lastShortened.dueMs > nowMs;
    if (!this.#isIdleAfterDrop) this.#idleAtMs = nowMs;
  }

  /** Records that an idle worker got a frame, which shows how long the hold should have been to keep it busy. */
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
    this.#dropRate = smooth(this.#dropRate, dropped, dropRateWeight);
    if (this.#dropRate > minOverloadRate) this.#overloadedAtMs = nowMs;
  }

  #windowMs(nowMs: number): number {
    return Math.max(minBusyMs, busyIntervals * this.#intervals.at(nowMs, this.#intervalsWindowMs));
  }
}
