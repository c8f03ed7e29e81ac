/** The fuzz targets and their settings. */
import { createDecoding, createValidation } from './jpeg-targets.ts';
import { createModel, createOverrides } from './model-targets.ts';
import { createPipeline } from './pipeline-targets.ts';
import { createStream } from './stream-target.ts';
import type { CreateTarget } from './target.ts';

export interface TargetSpec {
  readonly create: CreateTarget;
  /** Cases per batch. */
  readonly batch: number;
  /** Cases between two progress reports. */
  readonly step: number;
  /** Time without a report that counts as a hang: far above the slowest case on a busy machine. */
  readonly hangMs: number;
}

export const targets: Readonly<Record<string, TargetSpec>> = {
  validation: { create: createValidation, batch: 10_000, step: 1000, hangMs: 30_000 },
  model: { create: createModel, batch: 100, step: 1, hangMs: 60_000 },
  'model.json': { create: createOverrides, batch: 100, step: 1, hangMs: 60_000 },
  stream: { create: createStream, batch: 500, step: 1, hangMs: 90_000 },
  pipeline: { create: createPipeline, batch: 200, step: 1, hangMs: 30_000 },
  decoding: { create: createDecoding, batch: 1000, step: 1, hangMs: 30_000 },
};
