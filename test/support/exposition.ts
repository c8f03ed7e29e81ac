/** Reads Prometheus' text format: metrics with their type and series. Tests only. */

export interface ExposedMetric {
  readonly type: string;
  readonly help: string;
  /** Values by series, as `name{labels}`. */
  readonly series: Map<string, number>;
}

/** @throws Error for a sample without a metric. */
export function parseExposition(text: string): Map<string, ExposedMetric> {
  const metrics = new Map<string, ExposedMetric>();
  let current: ExposedMetric | undefined;
  for (const line of text.split('\n')) {
    const [, name = '', help = ''] = /^# HELP (\S+) (.*)$/.exec(line) ?? [];
    if (name !== '') {
      const type = new RegExp(`^# TYPE ${name} (\\w+)$`, 'm').exec(text)?.[1] ?? '';
      current = { type, help, series: new Map() };
      metrics.set(name, current);
    }
    if (line === '' || line.startsWith('#')) continue;
    const [, series = '', value = ''] = /^(\S+?(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
    if (current === undefined || value === '') throw new Error(`not a sample: ${line}`);
    current.series.set(series, value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value));
  }
  return metrics;
}

/** The metrics that a gateway exposes now. */
export async function scrape(httpUrl: string): Promise<Map<string, ExposedMetric>> {
  return parseExposition(await (await fetch(`${httpUrl}/metrics`)).text());
}

/** The value of one series, such as `framegate_frames_total{pipeline="echo",…}`. @throws Error if there is none. */
export function seriesValue(metrics: ReadonlyMap<string, ExposedMetric>, series: string): number {
  for (const metric of metrics.values()) {
    const value = metric.series.get(series);
    if (value !== undefined) return value;
  }
  throw new Error(`no series ${series}`);
}
