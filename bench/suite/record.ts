/** `bench/results/DATE.json`: the results of a day, and merging of partial runs. Pure. */
import type { Machine, Settings } from './page.ts';
import type { Outcome } from './runner.ts';
import type { Sample } from './sample.ts';

/** All data of the results page. */
export interface SuiteRecord extends Settings, Outcome {
  readonly machine: Machine;
}

/**
 * Merges a run into an earlier record if both have the same settings and commit. Cells that were run again replace the earlier
 * ones.
 * @param order of the cells in the page.
 */
export function mergeRecords(before: SuiteRecord | undefined, now: SuiteRecord, order: readonly string[]): SuiteRecord {
  if (before === undefined || !isComparable(before, now)) return now;
  const again = new Set(now.samples.map(({ cell }) => cell));
  const kept = before.samples.filter(({ cell }) => !again.has(cell));
  const rankOf = ({ cell }: Sample) => order.indexOf(cell);
  const samples = [...kept, ...now.samples].sort((a, b) => rankOf(a) - rankOf(b));
  const keptReasons = Object.entries(before.skipped).filter(([name]) => !again.has(name.split(', ')[0] as string));
  return { ...now, samples, skipped: { ...Object.fromEntries(keptReasons), ...now.skipped } };
}

function isComparable(a: SuiteRecord, b: SuiteRecord): boolean {
  return a.machine.commit === b.machine.commit && a.seconds === b.seconds && a.runs === b.runs;
}
