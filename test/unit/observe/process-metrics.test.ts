/** Versions come from the installed packages, and a blocked event loop is seen. */
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { processMetrics } from '../../../src/observe/process-metrics.ts';

const read = (metrics: ReturnType<typeof processMetrics>, name: string) =>
  metrics.find((metric) => metric.name === name)?.read() ?? [];

test('build_info has the versions', async (t) => {
  const [info] = read(processMetrics('1.2.3'), 'framegate_build_info');
  t.match(info, { value: 1, labels: { version: '1.2.3', node: process.versions.node } });
  t.match(info?.labels, { onnxruntime: /^\d+\.\d+\.\d+/, uws: /^\d+\.\d+\.\d+/ });
});

test('a blocked event loop counts as delay and as active time', async (t) => {
  const metrics = processMetrics('1.2.3');
  const blockMs = 120;
  const startMs = performance.now();
  while (performance.now() - startMs < blockMs);
  const delay = 'framegate_event_loop_delay_seconds';
  const count = () => read(metrics, delay).find(({ metricName }) => metricName === `${delay}_count`)?.value ?? 0;
  // Not before its timer has fired. The timer is unreferenced, so another one keeps the process alive.
  while (count() === 0) await sleep(1);
  const sum = read(metrics, delay).find(({ metricName }) => metricName === `${delay}_sum`)?.value ?? 0;
  t.ok(sum > 0.09, `${sum} s of ${blockMs} ms, less the timer's 20`);
  t.ok((read(metrics, 'framegate_event_loop_active_seconds_total')[0]?.value ?? 0) > 0);
});
