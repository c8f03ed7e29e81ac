/** Send times of each camera: phase, ramp, and adaptation to `slow_down`. Pure: time is an argument. */
import type { CameraGroup, LoadPlan } from './plan.ts';

/** One camera of a run. Times are in milliseconds since the run's base. */
export interface CameraSpec {
  /** Camera number in the run, from 0. */
  readonly camera: number;
  /** Group number; slow readers form the last group. */
  readonly group: number;
  readonly fps: number;
  /** Offset of its frames within the frame interval. */
  readonly phaseMs: number;
  /** Start time: nothing is sent before it. */
  readonly joinMs: number;
  readonly reads: boolean;
}

/** All cameras of a plan, by group; slow readers last. */
export function camerasOf({ groups, slowReaders, phase, rampMs }: LoadPlan): CameraSpec[] {
  const counted = groups.reduce((total, { cameras }) => total + cameras, 0);
  const specs: CameraSpec[] = [];
  const addGroup = ({ cameras, fps }: CameraGroup, group: number, reads: boolean) => {
    for (let member = 0; member < cameras; member++) {
      const camera = specs.length;
      const phaseMs = phase === 'aligned' ? 0 : ((1000 / fps) * member) / cameras;
      specs.push({ camera, group, fps, phaseMs, joinMs: reads ? (rampMs * camera) / counted : 0, reads });
    }
  };
  for (const [group, parts] of groups.entries()) addGroup(parts, group, true);
  if (slowReaders !== undefined) addGroup(slowReaders, groups.length, false);
  return specs;
}

/** Part of the full rate that an adaptive camera regains per second: from half to full in ten seconds. */
const recoveryPerSecond = 0.05;
/**
 * The gateway computes the drop rate over the last three seconds (by default). A warning within this time after a cut
 * still reflects frames from before the cut, so it does not cause another. Recovery starts after this time without a warning.
 */
const settleMs = 3000;
/** Minimum adaptive rate, unless the camera's own rate is lower. */
const minAdaptiveFps = 1;

/** The intended send times of one camera, in milliseconds since the run's base. */
export class Schedule {
  readonly #fps: number;
  /** At full rate, times are multiples of the interval from here, so that rounding errors do not accumulate. */
  #anchorMs: number;
  #sinceAnchor = 0;
  #dueMs: number;
  #lastMs: number | undefined;
  #cut: { readonly fps: number; readonly atMs: number; readonly warnedAtMs: number } | undefined;

  constructor({ fps, phaseMs, joinMs }: Pick<CameraSpec, 'fps' | 'phaseMs' | 'joinMs'>) {
    this.#fps = fps;
    this.#anchorMs = phaseMs;
    this.#sinceAnchor = Math.max(0, Math.ceil(((joinMs - phaseMs) * fps) / 1000));
    this.#dueMs = this.#gridMs();
  }

  /** Intended send time of the next frame. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** Moves on to the next frame. */
  advance(): void {
    const lastMs = this.#dueMs;
    this.#lastMs = lastMs;
    const fps = this.fpsAt(lastMs);
    if (fps === this.#fps && this.#cut !== undefined) {
      this.#cut = undefined;
      this.#anchorMs = lastMs;
      this.#sinceAnchor = 0;
    }
    this.#sinceAnchor += 1;
    this.#dueMs = this.#cut === undefined ? this.#gridMs() : lastMs + 1000 / fps;
  }

  /** The rate at `atMs`: the full rate, or the reduced rate after a cut plus the recovery since the last warning. */
  fpsAt(atMs: number): number {
    if (this.#cut === undefined) return this.#fps;
    const seconds = Math.max(0, atMs - this.#cut.warnedAtMs - settleMs) / 1000;
    return Math.min(this.#fps, this.#cut.fps + recoveryPerSecond * this.#fps * seconds);
  }

  /** Halves the rate (additive increase, multiplicative decrease), unless it was just halved. */
  slowDown(atMs: number): void {
    const now = this.fpsAt(atMs);
    if (this.#cut !== undefined && atMs - this.#cut.atMs < settleMs) {
      this.#cut = { fps: now, atMs: this.#cut.atMs, warnedAtMs: atMs };
      return;
    }
    const fps = Math.max(Math.min(minAdaptiveFps, this.#fps), now / 2);
    this.#cut = { fps, atMs, warnedAtMs: atMs };
    if (this.#lastMs !== undefined) this.#dueMs = Math.max(atMs, this.#lastMs + 1000 / fps);
  }

  #gridMs(): number {
    return this.#anchorMs + (this.#sinceAnchor * 1000) / this.#fps;
  }
}
