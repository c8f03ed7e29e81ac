/** Which executor runs a frame. Pure. */
import type { Capacity } from './executor.ts';

/**
 * A free executor for a frame: one with an idle worker; then the lowest rank; then the oldest generation, so that a reload does not crowd
 * all sessions onto its first worker; then the one with the fewest pipelines; then the one with the largest share of idle workers.
 * @param minGeneration the newest generation that has run a frame of the session, so that its results never go back to an older one.
 */
export function chooseExecutor<Target extends Capacity>(
  executors: readonly Target[],
  pipelineId: string,
  minGeneration: number,
): Target | undefined {
  let best: Target | undefined;
  for (const executor of executors) {
    if (executor.free === 0 || !executor.pipelines.has(pipelineId)) continue;
    if (executor.generation < minGeneration && isServed(executors, minGeneration)) continue;
    if (best === undefined || isBetterFit(executor, best)) best = executor;
  }
  return best;
}

/** False after a reload that failed: the workers of its generation are gone. */
function isServed(executors: readonly Capacity[], minGeneration: number): boolean {
  return executors.some(({ generation, capacity }) => generation >= minGeneration && capacity > 0);
}

function isBetterFit(a: Capacity, b: Capacity): boolean {
  if (a.idleShare > 0 !== b.idleShare > 0) return a.idleShare > 0;
  if (a.rank !== b.rank) return a.rank < b.rank;
  if (a.generation !== b.generation) return a.generation < b.generation;
  if (a.pipelines.size !== b.pipelines.size) return a.pipelines.size < b.pipelines.size;
  return a.idleShare === b.idleShare ? a.free > b.free : a.idleShare > b.idleShare;
}
