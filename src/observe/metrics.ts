/** The registry of all metrics, as text for Prometheus. Main thread. */
import { collectDefaultMetrics, type Gauge, Registry } from 'prom-client';
import type { Metric } from './metric.ts';

/**
 * Node's metrics of prom-client that are left out. Its delay of the event loop includes the 10 ms between two measurements and starts again
 * with each scrape; `process-metrics.ts` has a histogram instead. Its resources do not include the sockets of uWebSockets.js.
 */
const unwanted = /^nodejs_(?:eventloop_lag|active)_/;

export class Metrics {
  readonly contentType: string = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();

  add(metrics: readonly Metric[]): void {
    for (const metric of metrics) this.#registry.registerMetric(adapted(metric));
  }

  /** Adds CPU time, memory, file descriptors and garbage collection under the names that Prometheus clients share. */
  addDefaults(): void {
    collectDefaultMetrics({ register: this.#registry });
    for (const { name } of this.#registry.getMetricsAsArray())
      if (unwanted.test(name)) this.#registry.removeSingleMetric(name);
  }

  /** All metrics in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

/** prom-client needs no more of a metric than this, although its types ask for one of its own classes. */
function adapted({ name, type, help, read }: Metric): Gauge {
  return { name, type, help, get: async () => ({ name, type, help, values: read() }) } as unknown as Gauge;
}
