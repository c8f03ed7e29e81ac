/** Validates the nodes of a pipeline file against the tools that they name. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Zone } from '../protocol.ts';
import { renamedTools } from '../tools/built-in.ts';
import { type AnyTool, type FromParams, type ToolContext, type ToolState, toolName } from '../tools/tool.ts';
import { type Checked, describeIssue, type PipelineFile } from './graph.ts';
import { aSchema, isListOfNames, type KnownTool, messageOf } from './tool-files.ts';

/** A validated node: its tool, its params with defaults filled in, and what follows from them. */
export interface CheckedNode {
  readonly id: string;
  readonly tool: AnyTool;
  readonly params: unknown;
  /** Differs whenever the params do. */
  readonly paramsKey: string;
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
  try {
    const params = tool.params.safeParse(node.params);
    if (!params.success) {
      return { ok: false, issues: params.error.issues.map((issue) => `params: ${describeIssue(issue)}`) };
    }
    const issues = issuesOf(tool, params.data, context);
    if (issues.length > 0) return { ok: false, issues };
    const paramsKey = keyOf(node.params, params.data);
    const inputs = inputsOf(tool, params.data);
    const state = stateOf(known, params.data, paramsKey);
    const zones = zonesOf(tool, params.data);
    return { ok: true, value: { id: node.id, tool, params: params.data, paramsKey, inputs, state, zones } };
  } catch (error) {
    return { ok: false, issues: [`${toolName(tool)}: ${messageOf(error)}`] };
  }
}

/** The params with their defaults; as written in the file if the schema makes something of them that JSON cannot represent. */
function keyOf(written: unknown, params: unknown): string {
  try {
    const text: string | undefined = JSON.stringify(params);
    if (text !== undefined && isDeepStrictEqual(JSON.parse(text), params)) return text;
  } catch {
    // A BigInt, or a cycle.
  }
  return JSON.stringify(written);
}

/** @throws Error if it is no list of names: custom tools are not type-checked. */
function inputsOf(tool: AnyTool, params: unknown): readonly string[] {
  const inputs = resolve(tool.inputs, params);
  if (!isListOfNames(inputs)) throw new Error('inputs must be a list of ports');
  return inputs;
}

const point = z.tuple([z.number(), z.number()]);
const anyZone = z.union([
  z.looseObject({ name: z.string(), area: z.array(point) }),
  z.looseObject({ name: z.string(), line: z.tuple([point, point]) }),
]);

/** @throws Error if a client could not draw them. */
function zonesOf(tool: AnyTool, params: unknown): readonly Zone[] {
  const zones = tool.zones?.(params) ?? [];
  const checked = z.array(anyZone).safeParse(zones);
  if (!checked.success) throw new Error('zones() must return a list of areas and lines');
  JSON.stringify(zones);
  return zones;
}

/** Collisions of two versions of a tool would need 2^20 of them. */
const fingerprintLength = 10;

const toolState = z.looseObject({ schema: aSchema, version: z.number().optional() });

/** @throws Error if there is no schema, or if the initial state is not what it describes. */
function stateOf({ tool, digest }: KnownTool, params: unknown, paramsKey: string): NodeState | undefined {
  const state: unknown = 'state' in tool ? resolve(tool.state, params) : undefined;
  if (state === undefined) return undefined;
  const shape = toolState.safeParse(state);
  if (!shape.success) throw new Error(`state: ${shape.error.issues.map(describeIssue).join('; ')}`);
  const { schema, initial, version = 1 } = state as ToolState;
  const text = stateText(schema, initial, 'initial state');
  const parsed: unknown = JSON.parse(text);
  // What a frame leaves, the next one gets as JSON: a date, or a transform, would not survive that.
  stateText(schema, parsed, 'initial state, once it is JSON');
  const hash = createHash('sha256')
    .update(JSON.stringify([toolName(tool), digest, version, paramsKey]))
    .digest('hex');
  return { schema, initial: parsed, version, fingerprint: hash.slice(0, fingerprintLength) };
}

/** @returns the JSON text of a state, as its schema returns it. @throws Error if it does not fit. */
function stateText(schema: ToolState['schema'], state: unknown, name: string): string {
  const checked = schema.safeParse(state);
  if (!checked.success) throw new Error(`${name}: ${checked.error.issues.map(describeIssue).join('; ')}`);
  const text: string | undefined = JSON.stringify(checked.data);
  if (text === undefined) throw new Error(`${name}: is not JSON`);
  return text;
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
