/** Metrics of the engines of accelerators; without engines, they have no samples. Main thread. */
import type { EngineStatus } from '../status.ts';
import type { Metric } from './metric.ts';

const msPerSecond = 1000;

export function engineMetrics(engines: () => readonly EngineStatus[]): Metric[] {
  const perEngine = (
    type: Metric['type'],
    name: string,
    help: string,
    value: (engine: EngineStatus) => number,
  ): Metric => ({
    ...{ name, type, help },
    read: () => engines().map((engine) => ({ labels: { engine: String(engine.engine) }, value: value(engine) })),
  });
  return [
    perEngine('gauge', 'framegate_engine_up', '1 while the engine of an accelerator serves.', ({ state }) =>
      Number(state === 'ready'),
    ),
    perEngine(
      'counter',
      'framegate_engine_batches_total',
      'Runs of models on the accelerator.',
      ({ batches }) => batches,
    ),
    perEngine('counter', 'framegate_engine_rows_total', 'Frames and lines of text in those runs.', ({ rows }) => rows),
    perEngine(
      'counter',
      'framegate_engine_busy_seconds_total',
      'Duration of those runs.',
      ({ busy_ms }) => busy_ms / msPerSecond,
    ),
  ];
}
