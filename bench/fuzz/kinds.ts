/** What `npm run fuzz` damages: the seed files of each kind, and the targets that are given them. */
import { writeJpegs, writeModels } from './corpus.ts';

export interface Kind {
  /** Writes the seed files. @returns where they are from. */
  readonly prepare: (folder: string) => string[] | Promise<string[]>;
  /** Cases of a long run. */
  readonly count: number;
  /** Targets with the share of the count that each gets. */
  readonly targets: Readonly<Record<string, number>>;
}

export const kinds: Readonly<Record<string, Kind>> = {
  jpeg: { prepare: writeJpegs, count: 1_000_000, targets: { validation: 1, decoding: 0.1 } },
  stream: { prepare: writeJpegs, count: 10_000, targets: { stream: 1 } },
  models: { prepare: writeModels, count: 20_000, targets: { model: 1, 'model.json': 0.25 } },
  pipelines: { prepare: () => ['native-models'], count: 50_000, targets: { pipeline: 1 } },
};
