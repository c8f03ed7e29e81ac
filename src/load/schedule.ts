/** When each camera means to send its frames: phases, joining, and obeying `slow_down`. Pure: time comes in. */
import type { CameraGroup, LoadPlan } from './plan.ts';

/** One camera of a run. Times are milliseconds after the run's base. */
export interface CameraSpec {
  /** Its number in the run, from 0. */
  readonly camera: number;
  /** Its group's number; slow readers are a group of their own behind the others. */
  readonly group: number;
  readonly fps: number;
  /** Where its frames lie within the interval between two of them. */
  readonly phaseMs: number;
  /** It sends nothing before. */
  readonly joinMs: number;
  readonly reads: boolean;
}

/** All cameras of a plan, group by group; slow readers last. */
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

/** What a camera that obeys gets back of its full rate in a second: from half to full in ten. */
const recoveryPerSecond = 0.05;
/**
 * The gateway's drop rate is that of the last three seconds (by default). A warning that comes sooner after a cut still
 * tells of frames from before it, so it is no reason for another cut; and without a warning for so long things are well.
 */
const settleMs = 3000;
/** It never goes below this rate by itself, or below its own where that is lower. */
const minAdaptiveFps = 1;

/** The intended send times of one camera, in milliseconds after the run's base. */
export class Schedule {
  readonly #fps: number;
  /** While the rate is the full one, times are counted from here, so that rounding does not add up. */
  #anchorMs: number;
  #sinceAnchor = 0;
  #dueMs: number;
  #lastMs: number | undefined;
  #cut: { readonly fps: number; readonly atMs: number; readonly warnedAtMs: number } | undefined;

  constructor({ fps, phaseMs, joinMs }: Pick<CameraSpec, 'fps' | 'phaseMs' | 'joinMs'>) {
    this.#fps = fps;
    this.#anchorMs = phaseMs;
    this.#sinceAnchor = Math.max(0, Math.ceil(((joinMs - phaseMs) * fps) / 1000));
    this.#dueMs = this.#onGrid();
  }

  /** When the next frame is meant to be sent. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** The frame that was due is dealt with: on to the next. */
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
    this.#dueMs = this.#cut === undefined ? this.#onGrid() : lastMs + 1000 / fps;
  }

  /** The rate at a moment: the full one, or what is left after a cut and has grown back since the warnings ended. */
  fpsAt(atMs: number): number {
    if (this.#cut === undefined) return this.#fps;
    const seconds = Math.max(0, atMs - this.#cut.warnedAtMs - settleMs) / 1000;
    return Math.min(this.#fps, this.#cut.fps + recoveryPerSecond * this.#fps * seconds);
  }

  /** Halves the rate (additive increase, multiplicative decrease), unless that was done a moment ago. */
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

  #onGrid(): number {
    return this.#anchorMs + (this.#sinceAnchor * 1000) / this.#fps;
  }
}
