/** What a pool shows of itself. Pure. */
import type { EngineStatus } from '../status.ts';
import type { Executor, ExecutorStatus, HostReport } from './executor.ts';

export interface PoolStatus extends Omit<ExecutorStatus, 'host'> {
  /** Target number of workers, with those of other hosts. */
  readonly size: number;
  readonly inFlight: number;
  readonly held: number;
  /** Size of the frames that are held or running. */
  readonly frameBytes: number;
  readonly sessions: number;
  /** The oldest generation of pipelines that still runs frames; 0 if none does. */
  readonly generation: number;
  /** Ids of the pipelines that can run now. */
  readonly pipelines: readonly string[];
  readonly hosts: readonly HostReport[];
  /** Engines of accelerators of this process. */
  readonly engines: readonly EngineStatus[];
}

/** @param poolWorkers target number of workers of this process. */
export function executorsStatus(
  executors: readonly Executor[],
  poolWorkers: number,
): Omit<PoolStatus, 'inFlight' | 'held' | 'frameBytes' | 'sessions' | 'engines'> {
  const serving = executors.filter(({ capacity }) => capacity > 0);
  const statuses = executors.map((executor) => executor.status());
  const hosts = statuses.flatMap(({ host }) => host ?? []);
  const sum = (count: (status: ExecutorStatus) => number) => statuses.reduce((total, each) => total + count(each), 0);
  return {
    size: hosts.reduce((total, { workers }) => total + workers.size, poolWorkers),
    ready: sum(({ ready }) => ready),
    busy: sum(({ busy }) => busy),
    timedOut: sum(({ timedOut }) => timedOut),
    generation: serving.length === 0 ? 0 : Math.min(...serving.map(({ generation }) => generation)),
    pipelines: [...new Set(serving.flatMap(({ pipelines }) => [...pipelines]))],
    reports: statuses.flatMap(({ reports }) => reports),
    hosts,
  };
}
