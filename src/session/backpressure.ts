/** The drop rate of one session over a sliding window, and the resulting state. Pure: time is an argument. */
import type { BackpressureState } from '../status.ts';

export interface BackpressureThresholds {
  /** A higher rate is `warning`. */
  readonly dropThreshold: number;
  /** A higher rate is `critical`. */
  readonly slowdownThreshold: number;
  readonly dropWindowMs: number;
}

/** The window advances in steps of a tenth of its length, so a frame leaves it at most one step late. */
const stepsPerWindow = 10;
/** With fewer frames in the window, the rate is not meaningful. */
const minFramesForRate = 5;
/** A state is left only when the rate falls below this fraction of the threshold that led to it. */
const hysteresis = 0.8;
/** Minimum interval between `slow_down` messages while a session stays critical. */
const slowDownIntervalMs = 1000;

/**
 * The state for a drop rate (0 to 1). A rising rate is compared with `>`. A falling one must be below 80 % of the threshold, so that a
 * rate near the threshold does not cause flapping.
 */
export function nextState(
  state: BackpressureState,
  rate: number,
  thresholds: BackpressureThresholds,
): BackpressureState {
  const { dropThreshold, slowdownThreshold } = thresholds;
  if (rate > slowdownThreshold) return 'critical';
  if (state === 'critical' && rate > 0 && rate >= slowdownThreshold * hysteresis) return 'critical';
  if (rate > dropThreshold) return 'warning';
  if (state !== 'normal' && rate > 0 && rate >= dropThreshold * hysteresis) return 'warning';
  return 'normal';
}

interface Step {
  number: number;
  frames: number;
  drops: number;
}

/** Effect of one more frame on the session. */
export interface BackpressureVerdict {
  readonly before: BackpressureState;
  readonly state: BackpressureState;
  /** Dropped frames ÷ frames in the window. */
  readonly rate: number;
  /** Whether `slow_down` is due now. */
  readonly slowDown: boolean;
}

export class Backpressure {
  readonly #thresholds: BackpressureThresholds;
  readonly #stepMs: number;
  readonly #steps: Step[] = Array.from({ length: stepsPerWindow }, () => ({ number: -1, frames: 0, drops: 0 }));
  #state: BackpressureState = 'normal';
  #warnedAtMs = Number.NEGATIVE_INFINITY;

  constructor(thresholds: BackpressureThresholds) {
    this.#thresholds = thresholds;
    this.#stepMs = thresholds.dropWindowMs / stepsPerWindow;
  }

  /** Counts one frame that ended with a result or was dropped at `nowMs` (monotonic milliseconds). */
  record(dropped: boolean, nowMs: number): BackpressureVerdict {
    const number = Math.floor(nowMs / this.#stepMs);
    const step = this.#steps[number % stepsPerWindow] as Step;
    if (step.number !== number) {
      step.number = number;
      step.frames = 0;
      step.drops = 0;
    }
    step.frames += 1;
    if (dropped) step.drops += 1;
    const before = this.#state;
    const state = this.stateAt(nowMs);
    this.#state = state;
    const rate = this.dropRate(nowMs);
    return { before, state, rate, slowDown: this.#isSlowDownDue(before, state, nowMs) };
  }

  /** The state at `nowMs`. A session that stops sending returns to `normal` as its window empties. */
  stateAt(nowMs: number): BackpressureState {
    return nextState(this.#state, this.dropRate(nowMs), this.#thresholds);
  }

  /** Dropped frames ÷ frames in the window that ends at `nowMs`; 0 if there are too few frames. */
  dropRate(nowMs: number): number {
    const newest = Math.floor(nowMs / this.#stepMs);
    let frames = 0;
    let drops = 0;
    for (const step of this.#steps) {
      if (step.number <= newest - stepsPerWindow || step.number > newest) continue;
      frames += step.frames;
      drops += step.drops;
    }
    return frames < minFramesForRate ? 0 : drops / frames;
  }

  #isSlowDownDue(before: BackpressureState, state: BackpressureState, nowMs: number): boolean {
    if (state !== 'critical') return false;
    const entered = before !== 'critical';
    if (!entered && nowMs - this.#warnedAtMs < slowDownIntervalMs) return false;
    this.#warnedAtMs = nowMs;
    return true;
  }
}
