/** Interface of fuzz targets: a target generates case N from a seed, runs it and returns its outcome. */
import { seededRandom } from '../../test/support/seeded-random.ts';

export type Random = () => number;

/** One input: its bytes, and a description of how it was made. */
export interface Case {
  readonly bytes: Uint8Array;
  readonly what: string;
}

export interface Target {
  make(random: Random): Case;
  /** @returns the name of the outcome, for counting. @throws Error if the outcome is invalid. */
  run(input: Case): string | Promise<string>;
  /** Resident memory of the process under test, if it is a different process. */
  residentBytes?(): number;
}

/** Creates a target from a folder with seed files. */
export type CreateTarget = (corpus: string) => Target | Promise<Target>;

/** Knuth's multiplicative hash: 2^32 divided by the golden ratio, an odd number. */
const hashMultiplier = 0x9e3779b1;

/** Random generator for case `number`: depends only on the seed and the number. */
export function randomForCase(seed: number, number: number): Random {
  return seededRandom(Math.imul(number + 1, hashMultiplier) ^ seed);
}

export function below(random: Random, end: number): number {
  return Math.floor(random() * end);
}

export function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[below(random, values.length)] as Value;
}
