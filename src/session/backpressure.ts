/** The drop rate of one session over a sliding window, and the state it puts the session in. Pure: time comes in. */

export type BackpressureState = 'normal' | 'warning' | 'critical';

export interface BackpressureThresholds {
  /** A rate above this is `warning`. */
  readonly dropThreshold: number;
  /** A rate above this is `critical`. */
  readonly slowdownThreshold: number;
  readonly dropWindowMs: number;
}

/** The window moves in steps of a tenth of its length: a frame is forgotten at most that much late. */
const stepsPerWindow = 10;
/** Fewer frames than this in the window say nothing about a rate. */
const minFramesForRate = 5;
/** A state is left only when the rate falls below this part of the threshold that led into it. */
const hysteresis = 0.8;
/** While a session stays critical it is told again, at most this often. */
const slowDownIntervalMs = 1000;

/**
 * The state that follows from a drop rate (0 to 1). Rising compares with `>`; falling needs the rate to be below
 * 80 % of the threshold, so that a rate near it does not flicker.
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

/** What one more frame means for the session. */
export interface BackpressureVerdict {
  readonly before: BackpressureState;
  readonly state: BackpressureState;
  /** Dropped frames ÷ frames of the window. */
  readonly rate: number;
  /** `slow_down` is due now. */
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

  /** Counts one frame that was answered with its result or dropped at `nowMs` (monotonic milliseconds). */
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
    const rate = this.dropRate(nowMs);
    return { before, state, rate, slowDown: this.#isSlowDownDue(before, state, nowMs) };
  }

  /** The state at `nowMs`; a session that has stopped sending becomes `normal` as its window empties. */
  stateAt(nowMs: number): BackpressureState {
    this.#state = nextState(this.#state, this.dropRate(nowMs), this.#thresholds);
    return this.#state;
  }

  /** Dropped frames ÷ frames within the window that ends at `nowMs`; 0 while there are too few to tell. */
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
