/** Creates a models folder for one test: pipeline files and custom tools. Tests only. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

export interface NodeParts {
  readonly id: string;
  readonly plugin_id: string;
  readonly tool_id: string;
  readonly params?: Record<string, unknown>;
}

/** The relevant parts of a pipeline file. The rest gets defaults, and by default the nodes form a chain. */
export interface PipelineParts {
  readonly id: string;
  readonly nodes: readonly NodeParts[];
  readonly edges?: readonly (readonly [from: string, to: string])[];
  readonly entry?: readonly string[];
  readonly output?: readonly string[];
  readonly load?: 'start' | 'demand';
  readonly limits?: { readonly max_pixels?: number; readonly max_workers?: number };
  readonly sequential?: boolean;
}

export interface ModelsParts {
  readonly pipelines?: readonly PipelineParts[];
  /** Tools `test.<name>`: members as source text; the others get defaults. */
  readonly tools?: Readonly<Record<string, string>>;
  /** Other files by their path in the folder. */
  readonly files?: Readonly<Record<string, string>>;
}

/** @returns a new folder per call, since Node loads a module path only once. It is removed when the test ends. */
export function makeModelsDir(t: Pick<Test, 'teardown'>, parts: ModelsParts): string {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-models-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const pipeline of parts.pipelines ?? []) {
    write(join(folder, 'pipelines'), `${pipeline.id}.json`, JSON.stringify(pipelineFile(pipeline)));
  }
  for (const [name, members] of Object.entries(parts.tools ?? {})) {
    write(join(folder, 'tools'), `${name}.mjs`, toolModule(name, members));
  }
  for (const [path, text] of Object.entries(parts.files ?? {})) {
    write(join(folder, path, '..'), path.split('/').at(-1) as string, text);
  }
  return folder;
}

/** The text of the pipeline file. */
export function pipelineFile(parts: PipelineParts) {
  const ids = parts.nodes.map((node) => node.id);
  const inARow = ids.slice(1).map((id, index): [string, string] => [ids[index] as string, id]);
  return {
    id: parts.id,
    name: `Pipeline ${parts.id}`,
    description: 'Made for a test.',
    nodes: parts.nodes,
    edges: (parts.edges ?? inARow).map(([from_node, to_node]) => ({ from_node, to_node })),
    entry_nodes: parts.entry ?? ids.slice(0, 1),
    output_nodes: parts.output ?? ids.slice(-1),
    load: parts.load,
    limits: parts.limits,
    sequential: parts.sequential,
  };
}

/** A node with the tool `test.<name>`. */
export function testNode(id: string, name: string, params: Record<string, unknown> = {}): NodeParts {
  return { id, plugin_id: 'test', tool_id: name, params };
}

function toolModule(name: string, members: string): string {
  return `export default ({ z }) => ({
  pluginId: 'test',
  toolId: '${name}',
  description: 'Made for a test.',
  inputs: [],
  outputs: [],
  failureDetail: 'Test tool failed',
  params: z.looseObject({}),
  async create() {
    return { run: () => ({}) };
  },
  ${members}
});
`;
}

function write(folder: string, name: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), text);
}
