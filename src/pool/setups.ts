/** Setups of workers, each with the number of workers that have it. Pure. */
import type { ReportedModel, WorkerReport } from './messages.ts';

export interface WorkerSetups {
  readonly workers: number;
  readonly decoder: string;
  readonly models: ReportedModel[];
}

/** Workers with identical setup are reported once. */
export function setupsOf(reports: readonly WorkerReport[]): WorkerSetups[] {
  const setups = new Map<string, WorkerSetups>();
  for (const report of reports) {
    const key = JSON.stringify(report);
    const workers = (setups.get(key)?.workers ?? 0) + 1;
    setups.set(key, { workers, decoder: report.decoder, models: [...report.models] });
  }
  return [...setups.values()];
}
