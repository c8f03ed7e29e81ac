/** The registry writes Prometheus' text format, and escapes labels. */
import { test } from 'tap';
import { Metrics } from '../../../src/observe/metrics.ts';
import { parseExposition } from '../../support/exposition.ts';

test('a metric is written with its help, type and labels', async (t) => {
  const metrics = new Metrics();
  const labels = { pipeline: 'a "b"\n\\' };
  metrics.add([{ name: 'held', type: 'gauge', help: 'Held frames.', read: () => [{ labels, value: 2 }] }]);
  t.equal(await metrics.text(), '# HELP held Held frames.\n# TYPE held gauge\nheld{pipeline="a \\"b\\"\\n\\\\"} 2\n');
  t.equal(metrics.contentType, 'text/plain; version=0.0.4; charset=utf-8');
});

test('the defaults are those of the process, without what the gateway measures itself', async (t) => {
  const metrics = new Metrics();
  metrics.addDefaults();
  const names = [...parseExposition(await metrics.text()).keys()];
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_gc_duration_seconds'])
    t.ok(names.includes(name), name);
  t.strictSame(
    names.filter((name) => /lag|active/.test(name)),
    [],
  );
});
