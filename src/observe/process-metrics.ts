/** Metrics of the process: versions, and how busy and how late the event loop is. Main thread. */
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { performance } from 'node:perf_hooks';
import { BucketCounts, type Metric, single } from './metric.ts';

const msPerSecond = 1000;

/** In seconds. A timer of Node is up to 1 ms late on an idle event loop. */
const delayBounds = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
/** How often the delay is measured. A longer block is always seen, and a shorter one in proportion to its length. */
const delayIntervalMs = 20;

/** @param version of framegate. */
export function processMetrics(version: string): Metric[] {
  const labels = {
    ...{ version, node: process.versions.node },
    onnxruntime: installedVersion('onnxruntime-node'),
    uws: installedVersion('uWebSockets.js'),
  };
  return [
    {
      name: 'framegate_build_info',
      type: 'gauge',
      help: 'Versions of framegate, Node, and the packages onnxruntime-node and uWebSockets.js. Always 1.',
      read: () => [{ labels, value: 1 }],
    },
    loopDelay(),
    single(
      'counter',
      'framegate_event_loop_active_seconds_total',
      'Time in which the event loop was not waiting for events.',
      () => performance.eventLoopUtilization().active / msPerSecond,
    ),
  ];
}

/**
 * How late a timer fires. `monitorEventLoopDelay` of Node knows only percentiles, which can neither be added over gateways nor be read by
 * two scrapers.
 */
function loopDelay(): Metric {
  const name = 'framegate_event_loop_delay_seconds';
  const delays = new BucketCounts(delayBounds);
  let dueMs = performance.now() + delayIntervalMs;
  setInterval(() => {
    const nowMs = performance.now();
    delays.observe(Math.max(0, nowMs - dueMs) / msPerSecond);
    dueMs = nowMs + delayIntervalMs;
  }, delayIntervalMs).unref();
  return { name, type: 'histogram', help: 'How late the event loop runs a timer.', read: () => delays.samples(name) };
}

/** From the package itself, because loading it for its version would load its native library. */
function installedVersion(name: string): string {
  const path = findPackageJSON(name, import.meta.url);
  if (path === undefined) return 'unknown';
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
