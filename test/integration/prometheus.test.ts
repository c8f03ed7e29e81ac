/** What Prometheus makes of the gateway: the page shows what is exposed, and the alerts and the dashboard use only that. */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import tap, { test } from 'tap';
import { type ExposedMetric, parseExposition } from '../support/exposition.ts';
import { shippedModels, startGateway } from '../support/gateway.ts';
import { snippetsOf } from '../support/page-snippets.ts';
import { needsPrometheus, promtool, startPrometheus } from '../support/prometheus.ts';
import { renderFrames } from '../support/samples/street-frames.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually } from '../support/vital-signs.ts';

const deploy = fileURLToPath(new URL('../../deploy', import.meta.url));
const alerts = readFileSync(join(deploy, 'prometheus/alerts.yml'), 'utf8');

/** The included models with a single pipeline, as in the sample of the page. */
function modelsOfPage(): string {
  const folder = tap.testdir();
  mkdirSync(join(folder, 'pipelines'));
  cpSync(join(shippedModels, 'pipelines/yolo_ocr.json'), join(folder, 'pipelines/yolo_ocr.json'));
  for (const name of readdirSync(shippedModels))
    if (name !== 'pipelines') symlinkSync(join(shippedModels, name), join(folder, name));
  return folder;
}

const gateway = await startGateway({ MODELS_DIR: modelsOfPage(), POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());
const exposition = async () => (await fetch(`${gateway.httpUrl}/metrics`)).text();

/** Labels whose values depend on the machine, the version, or on what has happened. */
const variableLabel = /(version|node|onnxruntime|uws|major|minor|patch|kind|space)="[^"]*"/g;

/** Everything but the values. */
function shapeOf(metrics: ReadonlyMap<string, ExposedMetric>): object {
  return Object.fromEntries(
    [...metrics].map(([name, { type, help, series }]) => {
      const names = new Set([...series.keys()].map((each) => each.replaceAll(variableLabel, '$1="…"')));
      return [name, { type, help, series: [...names].sort() }];
    }),
  );
}

test('docs/operations/monitoring.md shows all metrics of a gateway, with type, help and labels', async (t) => {
  const sample = snippetsOf('docs/operations/monitoring.md', 'text').at(-1) ?? '';
  const client = await StreamClient.open(gateway.streamUrl('yolo_ocr'));
  const [frame] = renderFrames();
  await client.sendUntilStarted(frame as Uint8Array);
  await client.close();
  // The first collection of garbage adds its series.
  const metrics = await eventually(
    async () => parseExposition(await exposition()),
    (seen) => (seen.get('nodejs_gc_duration_seconds')?.series.size ?? 0) > 0,
    'a collection of garbage',
  );
  t.same(shapeOf(parseExposition(sample)), shapeOf(metrics));
});

test('docs/operations/monitoring.md has a row for every metric of the gateway', async (t) => {
  const page = readFileSync(new URL('../../docs/operations/monitoring.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  for (const name of parseExposition(await exposition()).keys())
    if (name.startsWith('framegate_'))
      t.ok(
        rows.some((row) => row.includes(`\`${name}\``)),
        name,
      );
});

test('docs/operations/monitoring.md has a row for every alert, and alerts.test.yml a case', async (t) => {
  const page = readFileSync(new URL('../../docs/operations/monitoring.md', import.meta.url), 'utf8');
  const cases = readFileSync(join(deploy, 'prometheus/alerts.test.yml'), 'utf8');
  const names = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name as string);
  t.ok(names.length > 10);
  for (const name of names) {
    t.match(page, new RegExp(`^\\| \`${name}\` \\|`, 'm'), name);
    t.match(cases, new RegExp(`alertname: ${name}\n`), name);
  }
});

/** The expressions of the dashboard, with its variables set to everything. */
function dashboardExpressions(): string[] {
  const dashboard = JSON.parse(readFileSync(join(deploy, 'grafana/framegate.json'), 'utf8')) as {
    panels: { targets?: { expr: string }[] }[];
  };
  const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  return expressions.map((expr) => expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$\w+/g, '.*'));
}

test('alerts and dashboard use only metrics and labels that the gateway exposes', async (t) => {
  const metrics = parseExposition(await exposition());
  const exposed = new Set([...metrics].flatMap(([name, { series }]) => [name, ...[...series.keys()].map(nameOf)]));
  const used = [alerts, ...dashboardExpressions()].flatMap(
    (text) => text.match(/\b(?:framegate|process|nodejs)_\w+/g) ?? [],
  );
  t.ok(used.length > 50);
  for (const name of new Set(used)) t.ok(exposed.has(name), name);
});

function nameOf(series: string): string {
  return series.replace(/\{.*/, '');
}

test(
  'promtool accepts the metrics, the configuration, and the alerts, and each alert fires in its case only',
  needsPrometheus,
  async (t) => {
    t.same(await promtool(['check', 'metrics'], await exposition()), { code: 0, output: '' });
    for (const args of [
      ['check', 'config', join(deploy, 'prometheus/prometheus.yml')],
      ['check', 'rules', join(deploy, 'prometheus/alerts.yml')],
      ['test', 'rules', join(deploy, 'prometheus/alerts.test.yml')],
    ]) {
      const { code, output } = await promtool(args);
      t.equal(code, 0, output);
    }
  },
);

test('Prometheus scrapes the gateway, and every panel and alert of the files works', needsPrometheus, async (t) => {
  const config = readFileSync(join(deploy, 'prometheus/prometheus.yml'), 'utf8')
    .replace('127.0.0.1:8000', `127.0.0.1:${gateway.port}`)
    .replaceAll('15s', '1s')
    .replace('- alerts.yml', `- ${join(deploy, 'prometheus/alerts.yml')}`);
  const prometheus = await startPrometheus(t, config);
  const { data } = await eventually(
    () => prometheus.query('rate(framegate_frames_total{outcome="result"}[1m])'),
    ({ data }) => (data?.result.length ?? 0) > 0,
    'two scrapes',
  );
  t.match(data?.result[0]?.metric, { job: 'framegate', pipeline: 'yolo_ocr', outcome: 'result' });
  const expressions = dashboardExpressions();
  t.ok(expressions.length > 30);
  for (const expression of expressions) {
    const { status, error, data } = await prometheus.query(expression);
    t.equal(status, 'success', `${expression}: ${error}`);
    // A panel of failures shows nothing while there are none, and one of engines nothing without an accelerator.
    const mayBeEmpty = expression.endsWith('> 0') || expression.includes('framegate_engine_');
    if (!mayBeEmpty) t.ok((data?.result.length ?? 0) > 0, expression);
  }
  const evaluated = async () =>
    (await prometheus.get('/api/v1/rules')) as {
      data: { groups: { rules: { health: string; lastError?: string }[] }[] };
    };
  const rules = await eventually(
    async () => (await evaluated()).data.groups.flatMap((group) => group.rules),
    (all) => all.length > 0 && all.every(({ health }) => health !== 'unknown'),
    'an evaluation of the alerts',
  );
  t.strictSame(
    rules.filter(({ health }) => health !== 'ok'),
    [],
  );
});
