/** Parses the flags of a load run into a validated plan and reports all errors at once. Pure. */
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { numberIn } from '../number-schema.ts';

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

const rate = numberIn({ above: 0, max: maxFps });
const waitSeconds = numberIn({ min: 0, max: maxWaitSeconds });
/** `8` or `4@30`: a number of cameras with an optional rate. */
const group = z
  .string()
  .trim()
  .regex(/^[^@]*(@[^@]*)?$/, 'must be N or N@FPS')
  .transform((text): { cameras: string; fps?: string | undefined } => {
    const [cameras = '', fps] = text.split('@');
    return { cameras, fps };
  })
  .pipe(z.object({ cameras: numberIn({ min: 1, max: maxCameras, isWhole: true }), fps: rate.optional() }));
/** Groups as in `4@30,4@3`. */
const groups = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(group))
  .refine((all) => all.reduce((sum, { cameras }) => sum + cameras, 0) <= maxCameras, {
    error: `must be at most ${maxCameras} cameras`,
  });

const planSchema = z.object({
  fps: rate,
  cameras: groups,
  slowReaders: group.optional(),
  phase: z.enum(['staggered', 'aligned'], 'must be staggered or aligned'),
  ramp: waitSeconds,
  warmup: waitSeconds,
  duration: numberIn({ above: 0, max: maxRunSeconds }),
  drainTimeout: waitSeconds,
  threads: numberIn({ min: 1, max: maxGenerators, isWhole: true }),
});

/** @throws ConfigError with one line per invalid flag. */
export function parsePlan(flags: PlanFlags): LoadPlan {
  const given = { ...flags, slowReaders: flags.slowReaders === '0' ? undefined : flags.slowReaders };
  const { data, error } = planSchema.safeParse(given);
  if (error !== undefined) throw new ConfigError(error.issues.map((issue) => describe(issue, flags)));
  const { fps, slowReaders } = data;
  const groups = data.cameras.map((own) => ({ cameras: own.cameras, fps: own.fps ?? fps }));
  return {
    groups,
    slowReaders: slowReaders && { cameras: slowReaders.cameras, fps: slowReaders.fps ?? groups[0]?.fps ?? fps },
    phase: data.phase,
    rampMs: 1000 * data.ramp,
    warmUpMs: 1000 * data.warmup,
    durationMs: 1000 * data.duration,
    drainTimeoutMs: 1000 * data.drainTimeout,
    adaptive: flags.adaptive ?? false,
    generators: data.threads,
  };
}

function describe({ path, message }: z.core.$ZodIssue, flags: PlanFlags): string {
  const [key, ...inside] = path as [keyof PlanFlags, ...PropertyKey[]];
  const flag = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${flag} "${flags[key]}"${inside.includes('fps') ? ': the rate' : ''} ${message}`;
}
