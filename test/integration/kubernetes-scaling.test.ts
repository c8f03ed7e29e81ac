/** What the autoscalers of `deploy/kubernetes` ask Prometheus: only metrics that a gateway exposes, and the right figures. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tap, { test } from 'tap';
import { stringify } from 'yaml';
import { scrape } from '../support/exposition.ts';
import { fixtureModels, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import {
  findManifest,
  type Manifest,
  needsSchemas,
  readManifests,
  readYaml,
  schemaIssues,
} from '../support/manifests.ts';
import { needsPrometheus, promtool, startPrometheus } from '../support/prometheus.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually } from '../support/vital-signs.ts';

interface Trigger {
  readonly name: string;
  readonly type: string;
  readonly metricType: string;
  readonly metadata: { readonly serverAddress: string; readonly query: string; readonly threshold: string };
}

interface Scaled extends Manifest {
  readonly spec: {
    readonly minReplicaCount: number;
    readonly maxReplicaCount: number;
    readonly triggers: readonly Trigger[];
    readonly advanced: { readonly horizontalPodAutoscalerConfig: { readonly behavior: object } };
  };
}

interface HpaMetric {
  readonly pods?: { readonly metric: { readonly name: string }; readonly target: { readonly averageValue: string } };
  readonly external?: { readonly metric: { readonly name: string }; readonly target: { readonly value: string } };
}

interface AdapterRule {
  readonly seriesQuery: string;
  readonly name: { readonly as: string };
  readonly metricsQuery: string;
}

const scaledObjects = readManifests('components/keda') as Scaled[];
const autoscalers = readManifests('components/hpa');
const { rules } = readYaml<{ rules: Record<'custom' | 'external', AdapterRule[]> }>('prometheus-adapter-values.yaml');
const adapterRules = [...rules.custom, ...rules.external];
const triggers = scaledObjects.flatMap(({ spec }) => spec.triggers);

/** What prometheus-adapter sends for all pods of a namespace. */
const expand = ({ metricsQuery }: AdapterRule) =>
  metricsQuery.replaceAll('<<.GroupBy>>', 'pod').replaceAll('<<.LabelMatchers>>', 'namespace="framegate"');

const queries = new Map([
  ...triggers.map(({ name, metadata }) => [name, metadata.query] as const),
  ...adapterRules.map((rule) => [rule.name.as, expand(rule)] as const),
]);

const gateway = await startGateway({ MODELS_DIR: fixtureModels, POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

test('the queries use only metrics and labels that a gateway exposes', async (t) => {
  const series = [...(await scrape(gateway.httpUrl)).values()].flatMap((metric) => [...metric.series.keys()]);
  t.ok(queries.size >= triggers.length + adapterRules.length);
  for (const [name, query] of [...queries, ...adapterRules.map((rule) => [rule.name.as, rule.seriesQuery] as const)]) {
    const selectors = [...query.matchAll(/(framegate_\w+)\{([^}]*)\}/g)];
    t.ok(selectors.length > 0, name);
    for (const [, metric, labels = ''] of selectors) {
      // These labels are added by deploy/kubernetes/prometheus.yml.
      const own = [...labels.matchAll(/(\w+)(=~?)"([^"]*)"/g)].filter(
        ([, key = '']) => !/^(namespace|component)$/.test(key),
      );
      const values = own.map(([, key, , value = '']) => value.split('|').map((each) => `${key}="${each}"`));
      const found = series.filter((each) => each.replace(/\{.*/, '') === metric);
      t.ok(found.length > 0, String(metric));
      for (const each of values.flat())
        t.ok(
          found.some((one) => one.includes(each)),
          `${metric} ${each}`,
        );
    }
  }
});

test('the autoscalers have the same metrics and thresholds', async (t) => {
  for (const { metadata, spec } of scaledObjects) {
    const hpa = findManifest(autoscalers, 'HorizontalPodAutoscaler', metadata.name);
    const { minReplicas, maxReplicas, behavior } = hpa.spec;
    t.strictSame([minReplicas, maxReplicas], [spec.minReplicaCount, spec.maxReplicaCount]);
    t.strictSame(behavior, spec.advanced.horizontalPodAutoscalerConfig.behavior);
    const ofHpa = (hpa.spec['metrics'] as HpaMetric[]).map(({ pods, external }) => [
      pods?.metric.name ?? external?.metric.name,
      Number.parseInt(pods?.target.averageValue ?? external?.target.value ?? '', 10) / 1000,
    ]);
    t.strictSame(
      spec.triggers.map(({ name, metadata }) => [`framegate_${name.replaceAll('-', '_')}`, Number(metadata.threshold)]),
      ofHpa,
    );
    for (const [name] of ofHpa) t.ok(queries.has(String(name)), `a rule for ${name}`);
    for (const { type, metricType } of spec.triggers) t.strictSame([type, metricType], ['prometheus', 'Value']);
  }
});

test('the HPA that KEDA would make of a ScaledObject fits the schema of Kubernetes', needsSchemas, async (t) => {
  const made = scaledObjects.map(({ metadata, spec }) => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata,
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: metadata.name },
      ...{ minReplicas: spec.minReplicaCount, maxReplicas: spec.maxReplicaCount },
      behavior: spec.advanced.horizontalPodAutoscalerConfig.behavior,
    },
  }));
  t.equal(made.length, 2);
  t.strictSame(schemaIssues(made, '1.37'), []);
});

const [frames, labels] = ['framegate_frames_total', 'namespace="framegate",component="gateway",pod="gateway-1"'];

/** Half an hour of two workers with four threads each, and of a gateway with one drop in five frames. */
const series = {
  'framegate_workers{namespace="framegate",component="worker",pod="worker-1",state="busy"}': '4x120',
  'framegate_workers{namespace="framegate",component="worker",pod="worker-2",state="busy"}': '2x120',
  'framegate_workers_target{namespace="framegate",component="worker",pod="worker-1"}': '4x120',
  'framegate_workers_target{namespace="framegate",component="worker",pod="worker-2"}': '4x120',
  // A gateway without workers of its own does not count.
  [`framegate_workers_target{${labels}}`]: '7x120',
  [`framegate_frames_received_total{${labels}}`]: '0+1500x120',
  [`${frames}{${labels},outcome="result",reason=""}`]: '0+1200x120',
  [`${frames}{${labels},outcome="dropped",reason="busy"}`]: '0+100x120',
  [`${frames}{${labels},outcome="dropped",reason="displaced"}`]: '0+100x120',
  [`${frames}{${labels},outcome="dropped",reason="expired"}`]: '0+100x120',
  // More workers would not help.
  [`${frames}{${labels},outcome="dropped",reason="draining"}`]: '0+1500x120',
  [`framegate_event_loop_active_seconds_total{${labels}}`]: '0+3x120',
  [`framegate_sessions{${labels},pipeline="yolo_ocr",state="normal"}`]: '48x120',
  [`framegate_sessions{${labels},pipeline="yolo_ocr",state="critical"}`]: '16x120',
  [`framegate_max_sessions{${labels}}`]: '256x120',
};

const expected: Record<string, { labels: string; value: number }[]> = {
  'busy-share': [{ labels: '{}', value: 0.75 }],
  'drop-ratio': [{ labels: '{}', value: 0.2 }],
  'event-loop-share': [{ labels: '{}', value: 0.2 }],
  'session-share': [{ labels: '{}', value: 0.25 }],
  // The expanded query has no component: prometheus-adapter adds the names of the pods.
  framegate_busy_share: [
    { labels: '{pod="worker-1"}', value: 1 },
    { labels: '{pod="worker-2"}', value: 0.5 },
  ],
  framegate_event_loop_share: [{ labels: '{pod="gateway-1"}', value: 0.2 }],
  framegate_session_share: [{ labels: '{pod="gateway-1"}', value: 0.25 }],
  framegate_drop_ratio: [{ labels: '{}', value: 0.2 }],
};

test('promtool: the queries have the right results', needsPrometheus, async (t) => {
  t.strictSame([...queries.keys()].sort(), Object.keys(expected).sort());
  const promql_expr_test = [...queries].map(([name, expr]) => ({
    expr,
    eval_time: '20m',
    exp_samples: expected[name],
  }));
  const input_series = Object.entries(series).map(([name, values]) => ({ series: name, values }));
  const folder = t.testdir({ 'none.yml': 'groups: []\n' });
  const file = join(folder, 'queries.test.yml');
  writeFileSync(
    file,
    stringify({ rule_files: ['none.yml'], tests: [{ interval: '15s', input_series, promql_expr_test }] }),
  );
  const { code, output } = await promtool(['test', 'rules', file]);
  t.equal(code, 0, output);
});

/** Debian's Prometheus is built without the discovery of Kubernetes, so the tests give it what the discovery would. */
function scrapeConfig(): string {
  const { scrape_configs } = readYaml<{ scrape_configs: Record<string, unknown>[] }>('prometheus.yml');
  const [{ kubernetes_sd_configs, ...job } = {}, ...others] = scrape_configs;
  if (kubernetes_sd_configs === undefined || others.length > 0) throw new Error('expected one job');
  const podOf = (component: string) => ({
    targets: [`127.0.0.1:${gateway.port}`],
    labels: {
      __meta_kubernetes_namespace: 'framegate',
      __meta_kubernetes_pod_name: `${component}-1`,
      __meta_kubernetes_pod_label_app_kubernetes_io_component: component,
      __meta_kubernetes_endpointslice_port_name: 'admin',
    },
  });
  const pods = ['gateway', 'worker'].map(podOf);
  const stream = { ...podOf('gateway'), targets: ['127.0.0.1:1'] };
  stream.labels.__meta_kubernetes_endpointslice_port_name = 'stream';
  return stringify({ scrape_configs: [{ ...job, scrape_interval: '1s', static_configs: [...pods, stream] }] });
}

test('Prometheus has the labels of the scrape job, and every query has a value', needsPrometheus, async (t) => {
  const prometheus = await startPrometheus(t, scrapeConfig());
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  await client.sendUntilStarted(encodeGradient(16, 16));
  for (const [name, query] of queries) {
    const { data } = await eventually(
      () => prometheus.query(query),
      (reply) => reply.status !== 'success' || (reply.data?.result.length ?? 0) > 0,
      `a value of ${name}`,
    );
    t.ok((data?.result.length ?? 0) > 0, name);
    for (const { value } of data?.result ?? []) t.ok(Number(value[1]) >= 0, `${name}: ${value[1]}`);
  }
  const { data } = await prometheus.query('up');
  const found = data?.result.map(({ metric: { __name__, instance, ...labels } }) => labels) ?? [];
  t.strictSame(
    found.sort((one, other) => String(one['component']).localeCompare(String(other['component']))),
    ['gateway', 'worker'].map((component) => ({
      ...{ component, namespace: 'framegate', pod: `${component}-1` },
      job: 'framegate',
    })),
    'no target on the port of the stream',
  );
  await client.close();
});
