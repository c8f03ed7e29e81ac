/** Parses the flags of a load run into a validated plan and reports all errors at once. Pure. */
import { ConfigError } from '../errors.ts';

/** Cameras that send at the same rate. */
export interface CameraGroup {
  readonly cameras: number;
  readonly fps: number;
}

/** `staggered` distributes a group's frames evenly over the frame interval; `aligned` sends them at the same instant. */
export type Phase = 'staggered' | 'aligned';

export interface LoadPlan {
  readonly groups: readonly CameraGroup[];
  /** Additional cameras that send and never read. */
  readonly slowReaders: CameraGroup | undefined;
  readonly phase: Phase;
  /** Cameras start sending one after another over this time, before the warm-up. */
  readonly rampMs: number;
  /** Frames sent during this time are not counted. */
  readonly warmUpMs: number;
  readonly durationMs: number;
  /** How long to wait for the last replies before their frames count as unanswered. */
  readonly drainTimeoutMs: number;
  /** Cameras halve their rate on `slow_down` and recover slowly. */
  readonly adaptive: boolean;
  /** Number of generator threads. */
  readonly generators: number;
}

/** The flags of `framegate bench` that define the plan, as typed. */
export interface PlanFlags {
  readonly cameras: string;
  readonly fps: string;
  readonly duration: string;
  readonly warmup: string;
  readonly ramp: string;
  readonly drainTimeout: string;
  readonly phase: string;
  readonly threads: string;
  readonly slowReaders?: string;
  readonly adaptive?: boolean;
}

/** Limits, so that a typo cannot take the machine down. */
const maxCameras = 10_000;
const maxFps = 1000;
const maxRunSeconds = 86_400;
const maxWaitSeconds = 3600;
const maxGenerators = 64;

const phases: readonly Phase[] = ['staggered', 'aligned'];

/** @throws ConfigError with one line per invalid flag. */
export function parsePlan(flags: PlanFlags): LoadPlan {
  const reader = new FlagReader();
  const fps = reader.number('--fps', flags.fps, 'above', maxFps);
  const groups = reader.groups('--cameras', flags.cameras, fps);
  const plan: LoadPlan = {
    groups,
    slowReaders: reader.slowReaders(flags.slowReaders, groups[0]?.fps ?? fps),
    phase: reader.choice('--phase', flags.phase, phases),
    rampMs: 1000 * reader.number('--ramp', flags.ramp, 'from', maxWaitSeconds),
    warmUpMs: 1000 * reader.number('--warmup', flags.warmup, 'from', maxWaitSeconds),
    durationMs: 1000 * reader.number('--duration', flags.duration, 'above', maxRunSeconds),
    drainTimeoutMs: 1000 * reader.number('--drain-timeout', flags.drainTimeout, 'from', maxWaitSeconds),
    adaptive: flags.adaptive ?? false,
    generators: reader.whole('--threads', flags.threads, maxGenerators),
  };
  if (reader.issues.length > 0) throw new ConfigError(reader.issues);
  return plan;
}

/** Parses flags and collects their errors. */
class FlagReader {
  readonly issues: string[] = [];

  /** A number up to `highest`: greater than zero (`above`), or zero or more (`from`). */
  number(flag: string, text: string, bound: 'above' | 'from', highest: number): number {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (value <= highest && (bound === 'from' || value > 0)) return value;
    return this.#failure(
      `${flag} "${text}" must be a number ${bound === 'from' ? `from 0 to ${highest}` : `above 0 and at most ${highest}`}`,
    );
  }

  whole(flag: string, text: string, highest: number): number {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= 1 && value <= highest) return value;
    return this.#failure(`${flag} "${text}" must be a whole number from 1 to ${highest}`);
  }

  /** `8`, `8@30` or `4@30,4@3`: numbers of cameras with optional rates. */
  groups(flag: string, text: string, fps: number): CameraGroup[] {
    const groups = text.split(',').map((part) => this.#group(flag, part.trim(), fps));
    const cameras = groups.reduce((total, group) => total + group.cameras, 0);
    if (cameras > maxCameras) this.#failure(`${flag} "${text}" must be at most ${maxCameras} cameras`);
    return groups;
  }

  slowReaders(text: string | undefined, fps: number): CameraGroup | undefined {
    return text === undefined || text === '0' ? undefined : this.#group('--slow-readers', text, fps);
  }

  choice<Value extends string>(flag: string, text: string, values: readonly Value[]): Value {
    const value = values.find((known) => known === text);
    if (value === undefined) this.#failure(`${flag} "${text}" must be ${values.join(' or ')}`);
    return value ?? (values[0] as Value);
  }

  #group(flag: string, part: string, fps: number): CameraGroup {
    const [cameras = '', rate, ...rest] = part.split('@');
    if (rest.length > 0) this.#failure(`${flag} "${part}" must be N or N@FPS`);
    return {
      cameras: this.whole(flag, cameras, maxCameras),
      fps: rate === undefined ? fps : this.number(`${flag} ${part}: the rate`, rate, 'above', maxFps),
    };
  }

  #failure(failure: string): number {
    this.issues.push(failure);
    return Number.NaN;
  }
}
