/**
 * Reads the pipelines of the models folder and validates them against the built-in and custom tools. The main thread reads and
 * validates; a worker validates the text that the main thread has read.
 */
import { basename, join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { ModelScope, type ModelSource } from '../models/loader.ts';
import { readTextFile } from '../models/text-file.ts';
import type { Zone } from '../protocol.ts';
import { toolName } from '../tools/tool.ts';
import { type CheckedNode, checkNode } from './check-node.ts';
import { type Checked, type GraphPlan, type PipelineFile, parsePipelineFile, planGraph } from './graph.ts';
import { initialIssues, isStateful } from './session-states.ts';
import { type KnownTool, listFiles, loadTools, messageOf } from './tool-files.ts';

/** The text of a pipeline file. */
export interface PipelineSource {
  readonly path: string;
  readonly text: string;
}

/** A pipeline's scheduling rules, for the pool. */
export interface PipelineRules {
  readonly maxWorkers?: number;
  readonly sequential?: boolean;
}

export interface Pipeline {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly nodes: ReadonlyMap<string, CheckedNode>;
  readonly plan: GraphPlan;
  readonly source: PipelineSource;
  /** Paths of the models that its tools name, and of their `model.json`, which may not exist. */
  readonly modelFiles: readonly string[];
  /** What a client may draw over the picture. */
  readonly zones: readonly Zone[];
  readonly load: 'start' | 'demand';
  /** A frame with more pixels is rejected; the gateway's own limit applies too. */
  readonly maxPixels: number;
  readonly rules: PipelineRules;
}

/** Every worker validates all of them. */
const maxPipelines = 1000;

/** Always present, so no predecessor needs to output it. */
const framePort = 'image';

/**
 * Reads and validates `pipelines/*.json` of the models folder.
 * @throws ConfigError with one line per issue: file, node, reason.
 */
export async function loadPipelines(context: ModelSource): Promise<Pipeline[]> {
  const folder = join(context.modelsDir, 'pipelines');
  const paths = listFiles(folder, /\.json$/);
  if (paths.length === 0) throw new ConfigError([`${folder} has no pipeline files (*.json)`]);
  if (paths.length > maxPipelines)
    throw new ConfigError([`${folder} has ${paths.length} pipelines; the limit is ${maxPipelines}`]);
  const sources: PipelineSource[] = [];
  const issues: string[] = [];
  for (const path of paths) {
    try {
      sources.push({ path, text: readTextFile(path) });
    } catch (error) {
      issues.push(`${path}: ${messageOf(error)}`);
    }
  }
  if (issues.length > 0) throw new ConfigError(issues);
  return checkPipelines(sources, context);
}

/**
 * Validates pipeline files against the built-in tools and those in `tools/*.{js,mjs}` of the models folder.
 * @throws ConfigError with one line per issue: file, node, reason.
 */
export async function checkPipelines(sources: readonly PipelineSource[], context: ModelSource): Promise<Pipeline[]> {
  const issues: string[] = [];
  const tools = await loadTools(context.modelsDir, issues);
  const pipelines: Pipeline[] = [];
  for (const source of sources) {
    const checked = checkPipeline(source, tools, context);
    if (checked.ok) pipelines.push(checked.value);
    else issues.push(...checked.issues.map((issue) => `${source.path}: ${issue}`));
  }
  if (issues.length > 0) throw new ConfigError(issues);
  return pipelines;
}

function checkPipeline(
  source: PipelineSource,
  tools: ReadonlyMap<string, KnownTool>,
  context: ModelSource,
): Checked<Pipeline> {
  const file = parseSource(source);
  if (!file.ok) return file;
  const plan = planGraph(file.value);
  const nodes = new Map<string, CheckedNode>();
  const issues = plan.ok ? [] : [...plan.issues];
  const modelFiles = new Set<string>();
  const expectedId = basename(source.path, '.json');
  if (file.value.id !== expectedId) issues.push(`id is "${file.value.id}"; expected "${expectedId}", as the file name`);
  for (const node of file.value.nodes) {
    const warn = (line: string) => context.warn?.(`${source.path}: node "${node.id}": ${line}`);
    const models = new ModelScope({ ...context, warn });
    const checked = checkNode(node, tools, { ...context, warn, models });
    for (const path of models.files) modelFiles.add(path);
    if (checked.ok) nodes.set(node.id, checked.value);
    else issues.push(...checked.issues.map((issue) => `node "${node.id}": ${issue}`));
  }
  if (plan.ok && issues.length === 0)
    issues.push(...portIssues(nodes, plan.value), ...initialIssues([...nodes.values()].filter(isStateful)));
  if (!plan.ok || issues.length > 0) return { ok: false, issues };
  const { id, name, description, load, limits, sequential } = file.value;
  const { max_pixels: maxPixels = Number.POSITIVE_INFINITY, max_workers: maxWorkers } = limits;
  const all = [...nodes.values()];
  const zones = all.flatMap((node) => node.zones);
  // The next frame needs the state that this one leaves.
  const isSequential = sequential || all.some(({ state }) => state !== undefined);
  const rules = { sequential: isSequential, ...(maxWorkers === undefined ? {} : { maxWorkers }) };
  const described = { id, name, description, nodes, zones, plan: plan.value, source, modelFiles: [...modelFiles] };
  return { ok: true, value: { ...described, load, maxPixels, rules } };
}

function parseSource({ text }: PipelineSource): Checked<PipelineFile> {
  try {
    return parsePipelineFile(JSON.parse(text));
  } catch (error) {
    return { ok: false, issues: [`is not JSON: ${messageOf(error)}`] };
  }
}

/** Every required port must be an output of a direct predecessor. */
function portIssues(nodes: ReadonlyMap<string, CheckedNode>, plan: GraphPlan): string[] {
  const issues: string[] = [];
  for (const [id, { tool, inputs }] of nodes) {
    const predecessors = plan.predecessors.get(id) ?? [];
    const available = new Set([framePort, ...predecessors.flatMap((from) => nodes.get(from)?.tool.outputs ?? [])]);
    for (const port of inputs) {
      if (!available.has(port))
        issues.push(`node "${id}": ${toolName(tool)} needs "${port}", which no predecessor outputs`);
    }
  }
  return issues;
}
