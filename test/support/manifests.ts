/** Reads the Kubernetes manifests of `deploy/kubernetes`, renders them with kubectl, and checks them against Kubernetes' schemas. Tests only. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';

const kubernetesFolder = fileURLToPath(new URL('../../deploy/kubernetes', import.meta.url));

type Labels = Readonly<Record<string, string>>;

export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

/** Variables with a value of their own, or one from the pod. */
interface Variable {
  readonly name: string;
  readonly value?: string;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly Variable[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly resources?: { readonly limits?: Labels };
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly topologySpreadConstraints: readonly { readonly labelSelector: { readonly matchLabels: Labels } }[];
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string; readonly secret?: { readonly secretName: string } }[];
}

/** An object of the cluster, with the parts that the tests read. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly stringData?: Labels;
}

export interface Deployment extends Manifest {
  readonly spec: {
    readonly selector: { readonly matchLabels: Labels };
    readonly strategy: { readonly rollingUpdate: Readonly<Record<string, unknown>> };
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
  };
}

/** YAML as Kubernetes reads it: version 1.1, in which 0440 is an octal number. */
const yamlOptions = { version: '1.1' } as const;

export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text, yamlOptions).map((document) => document.toJS() as Manifest);
}

/** One file that is not a manifest, such as the values of a chart. @param name below `deploy/kubernetes` */
export function readYaml<Value>(name: string): Value {
  return parse(readFileSync(join(kubernetesFolder, name), 'utf8'), yamlOptions) as Value;
}

/** The objects of a file, or of all files of a folder but its `kustomization.yaml`. @param name below `deploy/kubernetes` */
export function readManifests(name: string): Manifest[] {
  const path = join(kubernetesFolder, name);
  if (name.endsWith('.yaml')) return parseManifests(readFileSync(path, 'utf8'));
  const files = readdirSync(path).filter((file) => file !== 'kustomization.yaml');
  return files.flatMap((file) => readManifests(join(name, file)));
}

/** Options of a test that renders overlays. Debian 12's kubectl 1.20 has a Kustomize that does not know components. */
export const needsKustomize: { readonly skip?: string } = (() => {
  const { stdout = '' } = spawnSync('kubectl', ['version', '--client'], { encoding: 'utf8' });
  return /Kustomize Version: v[5-9]/.test(stdout ?? '') ? {} : { skip: 'needs kubectl 1.27 or newer' };
})();

/** Renders an overlay as `kubectl apply --kustomize` does. @param components to add, by the names of their folders */
export function renderOverlay(overlay: string, components: readonly string[] = []): string {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-kustomize-'));
  try {
    cpSync(kubernetesFolder, folder, { recursive: true });
    const file = join(folder, 'overlays', overlay, 'kustomization.yaml');
    const list = components.map((name) => `../../components/${name}`).join(', ');
    writeFileSync(file, readFileSync(file, 'utf8').replace('components: []', `components: [${list}]`));
    return execFileSync('kubectl', ['kustomize', join(folder, 'overlays', overlay)], { encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads JSON objects, and writes for each what is wrong with it; an empty string if nothing is. */
const validation = `
import json, sys
from kubernetes_validate import validate, ValidationError
from kubernetes_validate.utils import SchemaNotFoundError
def issue(manifest):
    try:
        validate(manifest, sys.argv[1], strict=True)
        return ""
    except ValidationError as error:
        return f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
    except SchemaNotFoundError as error:
        return error.message
print(json.dumps([issue(manifest) for manifest in json.load(sys.stdin)]))
`;

/** Options of a test that needs Kubernetes' schemas. */
export const needsSchemas: { readonly skip?: string } = (() => {
  const { status } = spawnSync('python3', ['-c', 'import kubernetes_validate']);
  return status === 0 ? {} : { skip: 'needs the Python package kubernetes-validate: make test-deps' };
})();

/**
 * Checks objects against the OpenAPI schemas of a version of Kubernetes. Unknown fields are errors.
 * @returns one line per invalid object
 */
export function schemaIssues(manifests: readonly Manifest[], version: string): string[] {
  const input = JSON.stringify(manifests);
  const output = execFileSync('python3', ['-c', validation, version], { input, encoding: 'utf8' });
  const issues = JSON.parse(output) as string[];
  return manifests.flatMap(({ kind, metadata }, at) => {
    const issue = issues[at] ?? 'not checked';
    return issue === '' ? [] : [`${kind} ${metadata.name}: ${issue}`];
  });
}

/** @throws Error if there is none. */
export function findManifest<Found extends Manifest>(all: readonly Manifest[], kind: string, name: string): Found {
  const found = all.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found as Found;
}
