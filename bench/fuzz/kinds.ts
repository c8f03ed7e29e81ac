/** Kinds of input for `npm run fuzz`: their seed files and targets. */
import { writeJpegs, writeModels } from './corpus.ts';

export interface Kind {
  /** Writes the seed files. @returns their sources. */
  readonly prepare: (folder: string) => string[] | Promise<string[]>;
  /** Default number of cases. */
  readonly count: number;
  /** Targets with their share of the cases. */
  readonly targets: Readonly<Record<string, number>>;
}

export const kinds: Readonly<Record<string, Kind>> = {
  jpeg: { prepare: writeJpegs, count: 1_000_000, targets: { validation: 1, decoding: 0.1 } },
  stream: { prepare: writeJpegs, count: 10_000, targets: { stream: 1 } },
  models: { prepare: writeModels, count: 20_000, targets: { model: 1, 'model.json': 0.25 } },
  pipelines: { prepare: () => ['native-models'], count: 50_000, targets: { pipeline: 1 } },
};
