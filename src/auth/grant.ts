/** What a token or JWT permits, and its fields as JSON. Main thread. */
import { z } from 'zod';

const scopes = ['stream', 'frames', 'admin'] as const;
export type Scope = (typeof scopes)[number];

export interface Grant {
  /** Unique: the name of a token, or the issuer and subject of a JWT. Not a secret. */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly pipelines: 'all' | ReadonlySet<string>;
  /** Frames per second over all sessions and requests; `Infinity` for no limit. */
  readonly maxFramesPerSecond: number;
  /** Open sessions; `Infinity` for no limit. */
  readonly maxSessions: number;
  /** Detections, and characters of text, per frame; `Infinity` for no limit. */
  readonly maxDetections: number;
  readonly maxTextLength: number;
  /** Unix time; `Infinity` if it does not expire. */
  readonly expiresAtMs: number;
}

/** The same fields in a token file and in a JWT. Pipelines are required, so that nothing is permitted by a forgotten key. */
export const grantFields = {
  scopes: z.array(z.enum(scopes)).min(1),
  pipelines: z.union([z.literal('all'), z.array(z.string().min(1)).min(1)], {
    error: 'expected "all" or a list of pipeline ids',
  }),
  max_fps: z.number().positive().optional(),
  max_sessions: z.int().positive().optional(),
  max_detections: z.int().nonnegative().optional(),
  max_text_length: z.int().nonnegative().optional(),
};

type GrantFields = z.infer<z.ZodObject<typeof grantFields>>;

export function grantOf(name: string, fields: GrantFields, expiresAtMs: number): Grant {
  return {
    ...{ name, expiresAtMs },
    scopes: new Set(fields.scopes),
    pipelines: fields.pipelines === 'all' ? 'all' : new Set(fields.pipelines),
    maxFramesPerSecond: fields.max_fps ?? Number.POSITIVE_INFINITY,
    maxSessions: fields.max_sessions ?? Number.POSITIVE_INFINITY,
    maxDetections: fields.max_detections ?? Number.POSITIVE_INFINITY,
    maxTextLength: fields.max_text_length ?? Number.POSITIVE_INFINITY,
  };
}

/** Whether a grant covers a pipeline. */
export function coversPipeline({ pipelines }: Grant, pipelineId: string): boolean {
  return pipelines === 'all' || pipelines.has(pipelineId);
}
