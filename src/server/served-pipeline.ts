/** A pipeline as the server sees it: its names, its zones and its frame limits. */
import type { Zone } from '../protocol.ts';
import type { FrameLimits } from '../session/frame-validator.ts';

export interface ServedPipeline {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** What a client may draw over the picture. */
  readonly zones: readonly Zone[];
  /** Frames with more pixels are rejected. */
  readonly maxPixels: number;
}

/** By id. A reload changes it. */
export type ServedPipelines = ReadonlyMap<string, ServedPipeline>;

/** Frame limits for one pipeline: the stricter of its own and the gateway's. */
export function limitsFor<Limits extends FrameLimits>({ maxPixels }: ServedPipeline, limits: Limits): Limits {
  return { ...limits, maxPixels: Math.min(maxPixels, limits.maxPixels) };
}
