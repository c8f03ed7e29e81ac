/** What can be fuzzed: a target makes its case number N from a seed, and says what became of it. */
import { seededRandom } from '../../src/samples/seeded-random.ts';

export type Random = () => number;

/** One input: its bytes, and in words what was done to make it. */
export interface Case {
  readonly bytes: Uint8Array;
  readonly what: string;
}

export interface Target {
  make(random: Random): Case;
  /** @returns a word for what became of it, to be counted. @throws Error where it is none of what may become of it. */
  run(input: Case): string | Promise<string>;
  /** Of the process whose memory must not grow, where it is another. */
  residentBytes?(): number;
}

/** Makes a target from a folder with seed files. */
export type CreateTarget = (corpus: string) => Target | Promise<Target>;

/** An odd factor that spreads neighboring numbers over all 32 bits: Knuth's, 2^32 divided by the golden ratio. */
const hashMultiplier = 0x9e3779b1;

/** The numbers that case `number` is made of: the same for the same seed, whatever was made before. */
export function randomForCase(seed: number, number: number): Random {
  return seededRandom(Math.imul(number + 1, hashMultiplier) ^ seed);
}

export function below(random: Random, end: number): number {
  return Math.floor(random() * end);
}

export function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[below(random, values.length)] as Value;
}
