/** The manifests in `deploy/kubernetes` are valid, fit together, and fit the gateway's settings. */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'tap';
import { settings } from '../../src/settings.ts';
import {
  type Container,
  type Deployment,
  findManifest,
  type Manifest,
  needsKustomize,
  needsSchemas,
  parseManifests,
  readManifests,
  renderOverlay,
  schemaIssues,
} from '../support/manifests.ts';

/** The oldest version that the manifests support, and the newest with schemas. */
const kubernetesVersions = ['1.29', '1.37'];

const overlays = ['cpu', 'gpu'];
const scalers = ['hpa', 'keda'];
const base = readManifests('base');
const secrets = readManifests('secrets.example.yaml');

/** Every combination that an operator can apply. */
const rendered =
  needsKustomize.skip === undefined
    ? overlays.flatMap((overlay) =>
        [[], ...scalers.map((scaler) => [scaler, 'models-volume'])].map((components) => ({
          name: [overlay, ...components].join(' with '),
          manifests: parseManifests(renderOverlay(overlay, components)),
        })),
      )
    : [];
const sets = [{ name: 'base', manifests: base }, ...rendered];

const deploymentsOf = (manifests: readonly Manifest[]) =>
  ['gateway', 'worker'].map((name) => findManifest<Deployment>(manifests, 'Deployment', name));
const allDeployments = sets.flatMap(({ manifests }) => deploymentsOf(manifests));
const podOf = ({ spec }: Deployment) => spec.template.spec;
const containerOf = (deployment: Deployment): Container => podOf(deployment).containers[0];
const settingOf = (deployment: Deployment, name: string) =>
  containerOf(deployment).env.find((variable) => variable.name === name)?.value;

const isCustom = ({ apiVersion }: Manifest) => apiVersion.startsWith('keda.sh/');

test('every object fits the schemas of Kubernetes', needsSchemas, async (t) => {
  const manifests = [...readManifests('components/hpa'), ...secrets, ...sets.flatMap((set) => set.manifests)];
  const own = manifests.filter((manifest) => !isCustom(manifest));
  t.ok(own.length > 15);
  for (const version of kubernetesVersions) t.strictSame(schemaIssues(own, version), [], version);
  const { spec, ...rest } = findManifest(base, 'Deployment', 'worker');
  t.match(schemaIssues([{ ...rest, spec: { ...spec, minReadySecond: 3 } }], '1.37'), [/minReadySecond/]);
});

const isScaler = ({ kind }: Manifest) => /^(HorizontalPodAutoscaler|ScaledObject)$/.test(kind);

test('the overlays render, with each component', needsKustomize, async (t) => {
  t.equal(rendered.length, overlays.length * (1 + scalers.length));
  for (const { name, manifests } of rendered) {
    const [gateway, worker] = deploymentsOf(manifests).map(containerOf) as [Container, Container];
    const [gatewayTag, workerTag] = [gateway, worker].map(({ image }) => image.split(':').at(-1));
    t.match(gatewayTag, /^\d+\.\d+\.\d+$/, name);
    const isGpu = name.startsWith('gpu');
    t.equal(workerTag, isGpu ? `${gatewayTag}-gpu` : gatewayTag, 'the same version');
    t.equal(worker.resources?.limits?.['nvidia.com/gpu'], isGpu ? '1' : undefined, name);
    for (const { kind, metadata } of manifests)
      t.equal(metadata.namespace, kind === 'Namespace' ? undefined : 'framegate', `${name}: ${kind} ${metadata.name}`);
  }
});

test('either the autoscaler or the Deployment has the number of pods', needsKustomize, async (t) => {
  for (const { name, manifests } of rendered) {
    const scaled = manifests.filter(isScaler).map(({ spec }) => (spec['scaleTargetRef'] as { name: string }).name);
    t.strictSame(scaled.sort(), name.includes('with') ? ['gateway', 'worker'] : [], name);
    for (const { metadata, spec } of deploymentsOf(manifests))
      t.equal('replicas' in spec, !scaled.includes(metadata.name), name);
  }
});

test('gateways and workers have the same models', needsKustomize, async (t) => {
  for (const { name, manifests } of rendered) {
    const folders = deploymentsOf(manifests).map((deployment) => {
      const folder = settingOf(deployment, 'MODELS_DIR');
      const mount = containerOf(deployment).volumeMounts.find(({ mountPath }) => mountPath === folder);
      const volume = podOf(deployment).volumes.find((each) => each.name === mount?.name);
      return { folder, volume };
    });
    t.strictSame(folders[0], folders[1], name);
    t.equal(folders[0]?.volume !== undefined, name.includes('models-volume'), name);
  }
});

test('every variable is a setting of the gateway, with a valid value', async (t) => {
  const known = new Map(Object.values(settings).map(({ variable, schema }) => [variable, schema]));
  for (const deployment of allDeployments) {
    const { env } = containerOf(deployment);
    t.ok(env.length > 5);
    t.equal(new Set(env.map(({ name }) => name)).size, env.length, 'each is set once');
    for (const { name, value } of env) {
      t.ok(known.has(name), name);
      if (value !== undefined) t.match(known.get(name)?.safeParse(value), { success: true }, `${name}=${value}`);
    }
  }
});

test('pods have time to drain, and gateways are replaced one by one', async (t) => {
  const { drainDelayMs, drainSpreadMs, shutdownGraceMs } = settings;
  for (const deployment of allDeployments) {
    const msOf = ({ variable, schema }: typeof drainDelayMs) =>
      schema.parse(settingOf(deployment, variable)) as unknown as number;
    const longestMs = [drainDelayMs, drainSpreadMs, shutdownGraceMs].reduce((sum, each) => sum + msOf(each), 0);
    t.ok(podOf(deployment).terminationGracePeriodSeconds * 1000 > longestMs, deployment.metadata.name);
  }
  const gateway = findManifest<Deployment>(base, 'Deployment', 'gateway');
  t.equal(gateway.spec.strategy.rollingUpdate['maxUnavailable'], 0);
  for (const name of ['DRAIN_DELAY_MS', 'DRAIN_SPREAD_MS', 'STREAM_MAX_SESSION_AGE_S'])
    t.ok(Number(settingOf(gateway, name)) > 0, name);
});

test('selectors select the pods', async (t) => {
  for (const { manifests } of sets) {
    const pods = deploymentsOf(manifests).map(({ spec }) => spec.template.metadata.labels);
    const selected = (selector: object) =>
      pods.filter((labels) => Object.entries(selector).every(([key, value]) => labels[key] === value)).length;
    for (const deployment of deploymentsOf(manifests)) {
      t.equal(selected(deployment.spec.selector.matchLabels), 1);
      for (const { labelSelector } of podOf(deployment).topologySpreadConstraints)
        t.equal(selected(labelSelector.matchLabels), 1);
    }
    for (const { kind, spec, metadata } of manifests) {
      if (kind === 'Service') t.equal(selected(spec['selector'] as object), 1, metadata.name);
      if (kind === 'PodDisruptionBudget') t.equal(selected(selectorOf(spec)), 1, metadata.name);
    }
    t.equal(selected(selectorOf(findManifest(manifests, 'NetworkPolicy', 'framegate').spec)), 2);
    t.equal(selected(selectorOf(findManifest(manifests, 'NetworkPolicy', 'gateway').spec)), 1);
  }
});

function selectorOf(spec: Manifest['spec']): Record<string, string> {
  return ((spec['selector'] ?? spec['podSelector']) as { matchLabels: Record<string, string> }).matchLabels;
}

test('probes and services use ports that exist, and the public service has no admin port', async (t) => {
  for (const { manifests } of sets) {
    for (const deployment of deploymentsOf(manifests)) {
      const { ports, startupProbe, livenessProbe, readinessProbe } = containerOf(deployment);
      for (const { httpGet } of [startupProbe, livenessProbe, readinessProbe])
        t.ok(ports.some(({ name }) => name === httpGet.port));
      t.equal(livenessProbe.httpGet.path, '/healthz');
      t.equal(readinessProbe.httpGet.path, '/readyz');
      const admin = ports.find(({ name }) => name === 'admin')?.containerPort;
      t.equal(settingOf(deployment, 'ADMIN_PORT'), String(admin));
    }
    const gateway = containerOf(findManifest<Deployment>(manifests, 'Deployment', 'gateway'));
    t.match(gateway.ports, [{ name: 'stream', containerPort: settings.port.schema.parse(undefined) }, {}]);
    for (const [name, ports] of Object.entries({
      gateway: ['stream'],
      'gateway-admin': ['admin'],
      'worker-admin': ['admin'],
    })) {
      const { spec } = findManifest(manifests, 'Service', name);
      t.strictSame(
        (spec['ports'] as { targetPort: string }[]).map(({ targetPort }) => targetPort),
        ports,
        name,
      );
    }
  }
});

test('only the stream is open, and workers reach only NATS and DNS', async (t) => {
  const policies = base.filter(({ kind }) => kind === 'NetworkPolicy');
  const rulesOf = (direction: string) =>
    policies.flatMap(({ metadata, spec }) =>
      ((spec[direction] ?? []) as { ports: { port: string | number }[] }[]).map((rule) => ({
        policy: metadata.name,
        ports: rule.ports.map(({ port }) => port),
        isLimited: 'from' in rule || 'to' in rule,
      })),
    );
  t.strictSame(rulesOf('ingress'), [
    { policy: 'framegate', ports: ['admin'], isLimited: true },
    { policy: 'gateway', ports: ['stream'], isLimited: false },
  ]);
  t.strictSame(rulesOf('egress'), [
    { policy: 'framegate', ports: [4222], isLimited: true },
    { policy: 'framegate', ports: [53, 53], isLimited: true },
  ]);
  t.strictSame(findManifest(base, 'NetworkPolicy', 'framegate').spec['policyTypes'], ['Ingress', 'Egress']);
});

test('containers run as the user of the image, without privileges and with a read-only root', async (t) => {
  const dockerfile = readFileSync(new URL('../../deploy/docker/Dockerfile', import.meta.url), 'utf8');
  const user = Number(/^USER (\d+):\1$/m.exec(dockerfile)?.[1]);
  t.ok(user > 0);
  for (const deployment of allDeployments) {
    t.match(podOf(deployment).securityContext, {
      ...{ runAsNonRoot: true, runAsUser: user, runAsGroup: user, fsGroup: user },
      seccompProfile: { type: 'RuntimeDefault' },
    });
    t.strictSame(containerOf(deployment).securityContext, {
      ...{ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    });
  }
});

test('every file of a Secret that a variable names is in secrets.example.yaml, without real keys', async (t) => {
  let files = 0;
  for (const deployment of deploymentsOf(base)) {
    const { env, volumeMounts } = containerOf(deployment);
    for (const { name, value = '' } of env.filter((variable) => variable.name.endsWith('_FILE'))) {
      files += 1;
      const mount = volumeMounts.find(({ mountPath }) => mountPath === posix.dirname(value));
      const { secret } = podOf(deployment).volumes.find((volume) => volume.name === mount?.name) ?? {};
      const { stringData } = findManifest(secrets, 'Secret', secret?.secretName ?? '');
      t.ok(posix.basename(value) in (stringData ?? {}), `${name}=${value}`);
    }
  }
  t.ok(files > 4);
  for (const { stringData } of secrets)
    for (const value of Object.values(stringData ?? {})) t.match(value, /^([A-Z_]+|\{ "tokens": \[\] \})$/);
});
