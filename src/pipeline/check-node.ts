/** Validates the nodes of a pipeline file against the tools that they name. */
import { createHash } from 'node:crypto';
import type { Zone } from '../protocol.ts';
import { renamedTools } from '../tools/built-in.ts';
import { type AnyTool, type FromParams, type ToolContext, type ToolState, toolName } from '../tools/tool.ts';
import { type Checked, describeIssue, type PipelineFile } from './graph.ts';
import { type KnownTool, messageOf } from './tool-files.ts';

/** A validated node: its tool, its params with defaults filled in, and what follows from them. */
export interface CheckedNode {
  readonly id: string;
  readonly tool: AnyTool;
  readonly params: unknown;
  readonly inputs: readonly string[];
  /** Undefined for a tool without state. */
  readonly state: NodeState | undefined;
  readonly zones: readonly Zone[];
}

export interface NodeState extends ToolState {
  /** Changes with the tool and its params: a state with another fingerprint is not used. */
  readonly fingerprint: string;
}

export function checkNode(
  node: PipelineFile['nodes'][number],
  tools: ReadonlyMap<string, KnownTool>,
  context: ToolContext,
): Checked<CheckedNode> {
  const name = `${node.plugin_id}.${node.tool_id}`;
  const known = findTool(name, tools, context);
  if (known === undefined) {
    return { ok: false, issues: [`unknown tool "${name}"; expected one of: ${[...tools.keys()].sort().join(', ')}`] };
  }
  const { tool } = known;
  const params = tool.params.safeParse(node.params);
  if (!params.success) {
    return { ok: false, issues: params.error.issues.map((issue) => `params: ${describeIssue(issue)}`) };
  }
  const issues = issuesOf(tool, params.data, context);
  if (issues.length > 0) return { ok: false, issues };
  try {
    const inputs = resolve(tool.inputs, params.data);
    const zones = tool.zones?.(params.data) ?? [];
    const state = stateOf(known, params.data);
    return { ok: true, value: { id: node.id, tool, params: params.data, inputs, state, zones } };
  } catch (error) {
    return { ok: false, issues: [`${toolName(tool)}: ${messageOf(error)}`] };
  }
}

/** Collisions of two versions of a tool would need 2^20 of them. */
const fingerprintLength = 10;

/** @throws Error if the initial state is not what the schema describes. */
function stateOf({ tool, digest }: KnownTool, params: unknown): NodeState | undefined {
  const state = 'state' in tool ? resolve(tool.state, params) : undefined;
  if (state === undefined) return undefined;
  const initial = state.schema.safeParse(state.initial);
  if (!initial.success) throw new Error(`initial state: ${initial.error.issues.map(describeIssue).join('; ')}`);
  const version = [toolName(tool), digest, state.version ?? 1, params];
  const hash = createHash('sha256').update(JSON.stringify(version)).digest('hex');
  return { ...state, fingerprint: hash.slice(0, fingerprintLength) };
}

function resolve<Value>(value: FromParams<unknown, Value>, params: unknown): Value {
  return typeof value === 'function' ? (value as (params: unknown) => Value)(params) : value;
}

/** Finds a tool by its name, or by a deprecated name unless a custom tool uses it. */
function findTool(name: string, tools: ReadonlyMap<string, KnownTool>, { warn }: ToolContext): KnownTool | undefined {
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
