/**
 * Reads the pipelines of the models folder and validates them against the built-in and custom tools. The main thread reads and
 * validates; a worker validates the text that the main thread has read.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { ModelScope, type ModelSource } from '../models/loader.ts';
import { readTextFile, requireFile } from '../models/text-file.ts';
import { builtInTools, renamedTools } from '../tools/built-in.ts';
import { type AnyTool, type FromParams, type ToolContext, type ToolState, toolName } from '../tools/tool.ts';
import {
  type Checked,
  describeIssue,
  type GraphPlan,
  type PipelineFile,
  parsePipelineFile,
  planGraph,
} from './graph.ts';

/** A validated node: its tool, its params with defaults filled in, and what follows from them. */
export interface CheckedNode {
  readonly id: string;
  readonly tool: AnyTool;
  readonly params: unknown;
  readonly inputs: readonly string[];
  /** Undefined for a tool without state. */
  readonly state: ToolState | undefined;
}

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
  readonly load: 'start' | 'demand';
  /** A frame with more pixels is rejected; the gateway's own limit applies too. */
  readonly maxPixels: number;
  readonly rules: PipelineRules;
}

/** Every worker validates all of them. */
const maxPipelines = 1000;

/** Keys of a result that the gateway writes. */
const reservedPorts = ['width', 'height', 'timings_ms'];

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

/** @returns the sorted paths; empty if the folder does not exist. @throws ConfigError if it cannot be read. */
function listFiles(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) return [];
  try {
    return readdirSync(folder)
      .filter((name) => pattern.test(name))
      .sort()
      .map((name) => join(folder, name));
  } catch (cause) {
    throw new ConfigError([`${folder}: ${messageOf(cause)}`], { cause });
  }
}

/** A custom tool's module has a tool as its default export, or a function that takes `{ z }` and returns one. */
type ToolModule = { readonly default?: unknown };

/** Paths of the custom tools of a models folder. @throws ConfigError if it cannot be read. */
export function customToolFiles(modelsDir: string): string[] {
  return listFiles(join(modelsDir, 'tools'), /\.m?js$/);
}

async function loadTools(modelsDir: string, issues: string[]): Promise<Map<string, AnyTool>> {
  const tools = new Map<string, AnyTool>(builtInTools.map((tool) => [toolName(tool), tool]));
  for (const path of customToolFiles(modelsDir)) {
    try {
      requireFile(path);
      // A reload must not get the module of an earlier version of the file.
      const module = (await import(`${pathToFileURL(path)}?${statSync(path).mtimeMs}`)) as ToolModule;
      const exported = typeof module.default === 'function' ? module.default({ z }) : module.default;
      const tool = requireTool(exported);
      if (tools.has(toolName(tool))) throw new Error(`tool ${toolName(tool)} already exists`);
      tools.set(toolName(tool), tool);
    } catch (error) {
      issues.push(`${path}: ${messageOf(error)}`);
    }
  }
  return tools;
}

const toolShape = z.looseObject({
  pluginId: z.string().min(1),
  toolId: z.string().min(1),
  description: z.string(),
  inputs: z.array(z.string()),
  outputs: z.array(z.string().refine((port) => !reservedPorts.includes(port), 'is a reserved result key')),
  failureDetail: z.string().min(1),
  params: z.custom((value) => value instanceof z.ZodType, 'must be a schema created with the given z'),
  create: z.custom((value) => typeof value === 'function', 'must be a function'),
  check: z.custom((value) => value === undefined || typeof value === 'function', 'must be a function').optional(),
});

function requireTool(exported: unknown): AnyTool {
  const checked = toolShape.safeParse(exported);
  if (!checked.success) throw new Error(`invalid tool: ${checked.error.issues.map(describeIssue).join('; ')}`);
  return exported as AnyTool;
}

function checkPipeline(
  source: PipelineSource,
  tools: ReadonlyMap<string, AnyTool>,
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
  if (plan.ok && issues.length === 0) issues.push(...portIssues(nodes, plan.value));
  if (!plan.ok || issues.length > 0) return { ok: false, issues };
  const { id, name, description, load, limits, sequential } = file.value;
  const { max_pixels: maxPixels = Number.POSITIVE_INFINITY, max_workers: maxWorkers } = limits;
  const rules = { sequential, ...(maxWorkers === undefined ? {} : { maxWorkers }) };
  const described = { id, name, description, nodes, plan: plan.value, source, modelFiles: [...modelFiles] };
  return { ok: true, value: { ...described, load, maxPixels, rules } };
}

function parseSource({ text }: PipelineSource): Checked<PipelineFile> {
  try {
    return parsePipelineFile(JSON.parse(text));
  } catch (error) {
    return { ok: false, issues: [`is not JSON: ${messageOf(error)}`] };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function checkNode(
  node: PipelineFile['nodes'][number],
  tools: ReadonlyMap<string, AnyTool>,
  context: ToolContext,
): Checked<CheckedNode> {
  const name = `${node.plugin_id}.${node.tool_id}`;
  const tool = findTool(name, tools, context);
  if (tool === undefined) {
    return { ok: false, issues: [`unknown tool "${name}"; expected one of: ${[...tools.keys()].sort().join(', ')}`] };
  }
  const params = tool.params.safeParse(node.params);
  if (!params.success) {
    return { ok: false, issues: params.error.issues.map((issue) => `params: ${describeIssue(issue)}`) };
  }
  const issues = issuesOf(tool, params.data, context);
  if (issues.length > 0) return { ok: false, issues };
  const inputs = resolve(tool.inputs, params.data);
  const state = 'state' in tool ? resolve(tool.state, params.data) : undefined;
  return { ok: true, value: { id: node.id, tool, params: params.data, inputs, state } };
}

function resolve<Value>(value: FromParams<unknown, Value>, params: unknown): Value {
  return typeof value === 'function' ? (value as (params: unknown) => Value)(params) : value;
}

/** Finds a tool by its name, or by a deprecated name unless a custom tool uses it. */
function findTool(name: string, tools: ReadonlyMap<string, AnyTool>, { warn }: ToolContext): AnyTool | undefined {
  const newName = tools.has(name) ? undefined : renamedTools.get(name);
  if (newName === undefined) return tools.get(name);
  warn?.(`${name} is deprecated; use ${newName}`);
  return tools.get(newName);
}

/** Issues returned by a tool's own check. A check that throws or returns something else is an issue too, since users write them. */
function issuesOf(tool: AnyTool, params: unknown, context: ToolContext): string[] {
  try {
    const issues: unknown = tool.check?.(params, context) ?? [];
    return Array.isArray(issues) ? issues.map(String) : [`${toolName(tool)}: check() must return a list of issues`];
  } catch (error) {
    return [`${toolName(tool)}: check() threw: ${messageOf(error)}`];
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
