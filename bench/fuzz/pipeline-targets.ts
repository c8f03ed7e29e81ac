/** Fuzz target for pipeline files: each is loaded as at startup, and run if it is valid. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../../src/errors.ts';
import { loadPipelines, type Pipeline } from '../../src/pipeline/registry.ts';
import { VideoFilePipelineService } from '../../src/pipeline/video-file-pipeline-service.ts';
import { makeFrame } from './corpus.ts';
import { damage } from './damage.ts';
import { makeJson } from './json-cases.ts';
import { below, type Case, type CreateTarget, pick, type Random } from './target.ts';

const shipped = fileURLToPath(new URL('../../native-models', import.meta.url));

/** Maximum number and length of the errors per file. */
const maxIssues = 26;
const maxIssueLength = 1000;

/** A tool that accepts any parameters, so that valid pipelines can run without a model. */
const passTool = `export default ({ z }) => ({
  pluginId: 'test', toolId: 'pass', description: 'Returns the number of its parameters.', inputs: [], outputs: ['given'],
  failureDetail: 'Test tool failed', params: z.looseObject({}),
  async create(params) { return { run: () => ({ given: Object.keys(params).length }) }; },
});`;

interface Node {
  id: string;
  plugin_id: string;
  tool_id: string;
  params: Record<string, never>;
}

function graphOf(ids: readonly string[], edges: readonly (readonly [string, string])[]) {
  const nodes: Node[] = ids.map((id) => ({ id, plugin_id: 'test', tool_id: 'pass', params: {} }));
  return {
    ...{ id: 'p', name: 'p', description: 'A graph.', nodes },
    edges: edges.map(([from_node, to_node]) => ({ from_node, to_node })),
    ...{ entry_nodes: ids.slice(0, 1), output_nodes: ids.slice(-1), load: 'start', sequential: false },
    limits: { max_pixels: 1_000_000, max_workers: 1 },
  };
}

const sizes = [2, 10, 100, 1000, 20_000, 100_000];
const idsOf = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);
const chainEdges = (ids: readonly string[]) =>
  ids.slice(1).map((id, index): [string, string] => [ids[index] ?? '', id]);

/** Graphs with many nodes, most of them invalid. */
const graphs: Readonly<Record<string, (random: Random, ids: string[]) => object>> = {
  chain: (_, ids) => graphOf(ids, chainEdges(ids)),
  cycle: (_, ids) => graphOf(ids, [...chainEdges(ids), [ids.at(-1) ?? '', ids[0] ?? '']]),
  star: (_, ids) =>
    graphOf(
      ids,
      ids.slice(1).map((id) => [ids[0] ?? '', id]),
    ),
  'nodes without edges': (_, ids) => graphOf(ids, []),
  'duplicate nodes': (_, ids) => graphOf([...ids, ...ids], chainEdges(ids)),
  'unknown nodes': (_, ids) => graphOf(['a'], chainEdges(ids)),
  'random edges': (random, ids) =>
    graphOf(
      ids,
      ids.map(() => [pick(random, ids), pick(random, ids)]),
    ),
};

function makeGraph(random: Random): Case {
  const what = pick(random, Object.keys(graphs));
  const ids = idsOf(pick(random, sizes));
  return { bytes: Buffer.from(JSON.stringify(graphs[what]?.(random, ids))), what: `${what} of ${ids.length}` };
}

function makePipeline(random: Random, bases: readonly string[]): Case {
  const way = below(random, 20);
  if (way === 0) return makeGraph(random);
  if (way === 1)
    return {
      bytes: Buffer.alloc(pick(random, [0, 1, 3_000_000]), pick(random, [' ', '[', '0', '\0'])),
      what: 'one byte',
    };
  const made = makeJson(random, JSON.parse(pick(random, bases)));
  return way < 5 ? damage(random, made.bytes) : made;
}

function defaultFiles(): string[] {
  const folder = join(shipped, 'pipelines');
  const own = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  const ids = idsOf(4);
  const graph = graphOf(ids, [...chainEdges(ids), ['n0', 'n2']]);
  return [
    ...own.map((text) => JSON.stringify({ ...JSON.parse(text), id: 'p' })),
    ...Array(8).fill(JSON.stringify(graph)),
  ];
}

function outcomeOfError(error: unknown, path: string): string {
  if (!(error instanceof ConfigError)) throw error;
  if (error.issues.length === 0 || error.issues.length > maxIssues) throw new Error(`${error.issues.length} issues`);
  for (const issue of error.issues) {
    if (/^and \d+ more$/.test(issue)) continue;
    if (!issue.startsWith(path)) throw new Error(`issue does not name the file: ${issue.slice(0, 200)}`);
    if (issue.length > maxIssueLength) throw new Error(`issue of ${issue.length} characters`);
    if (/\p{C}/u.test(issue))
      throw new Error(`issue contains control characters: ${JSON.stringify(issue.slice(0, 200))}`);
  }
  return 'rejected';
}

const frame = makeFrame();

/** Runs one frame if no node needs a model. */
async function runPipeline(pipeline: Pipeline, modelsDir: string): Promise<string> {
  if ([...pipeline.nodes.values()].some(({ tool }) => tool.pluginId !== 'test')) return 'valid';
  const service = await VideoFilePipelineService.create([pipeline], { modelsDir, providers: ['cpu'] });
  const { result } = await service.runOnFrame(pipeline.id, 0, frame);
  const stages = Object.keys(JSON.parse(JSON.stringify(result)).timings_ms);
  await service.close();
  if (stages.length !== pipeline.nodes.size + 2)
    throw new Error(`${stages.length} timings for ${pipeline.nodes.size} nodes`);
  return 'ran';
}

/** Fuzzes `pipelines/p.json`. */
export const createPipeline: CreateTarget = () => {
  const modelsDir = mkdtempSync(join(tmpdir(), 'framegate-fuzz-pipeline-'));
  process.once('exit', () => rmSync(modelsDir, { recursive: true, force: true }));
  for (const folder of ['pipelines', 'tools']) mkdirSync(join(modelsDir, folder));
  for (const model of ['plate-yolo', 'plate-reader']) symlinkSync(join(shipped, model), join(modelsDir, model));
  writeFileSync(join(modelsDir, 'tools', 'pass.mjs'), passTool);
  const path = join(modelsDir, 'pipelines', 'p.json');
  const bases = defaultFiles();
  return {
    make: (random) => makePipeline(random, bases),
    async run({ bytes }) {
      writeFileSync(path, bytes);
      let pipelines: Pipeline[];
      try {
        pipelines = await loadPipelines({ modelsDir, providers: ['cpu'] });
      } catch (error) {
        return outcomeOfError(error, path);
      }
      if ('polluted' in {}) throw new Error('a prototype was polluted');
      const [pipeline] = pipelines;
      if (pipeline === undefined) throw new Error('no pipeline and no issue');
      return runPipeline(pipeline, modelsDir);
    },
  };
};
