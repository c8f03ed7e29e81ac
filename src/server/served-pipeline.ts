/** A pipeline as the server knows it: what it is called, and what a frame for it may be. */
import type { FrameLimits } from '../session/frame-validator.ts';

export interface ServedPipeline {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** A frame with more pixels is refused. */
  readonly maxPixels: number;
}

/** The limits of frames for one pipeline: the stricter of its own and the gateway's. */
export function limitsFor<Limits extends FrameLimits>({ maxPixels }: ServedPipeline, limits: Limits): Limits {
  return { ...limits, maxPixels: Math.min(maxPixels, limits.maxPixels) };
}
