/** A pipeline file's graph: what the file may say, and the order in which its nodes run. Pure. */
import { z } from 'zod';

/** Far above any pipeline: each node is a tool with its model, and planning takes time by nodes and edges. */
export const maxNodes = 256;
export const maxEdges = 4096;
/** Levels of objects and lists; params of a tool may be nested, and are written as JSON again, which deep ones cannot be. */
const maxDepth = 32;
/** Ids stand in results, in the log and in addresses. */
const maxIdLength = 128;

/** A node's id becomes a key of `timings_ms`, and `__proto__` is none that an object could hold. */
const id = z
  .string()
  .min(1)
  .max(maxIdLength)
  .refine((text) => !/\p{C}/u.test(text), 'holds control characters')
  .refine((text) => text !== '__proto__', 'is a name that JavaScript keeps for itself');

/** The long-lived file format. Keys of older versions (`input_schema`, `plugin_type`, ...) are ignored. */
const pipelineFileSchema = z.object({
  id,
  name: z.string().min(1),
  description: z.string(),
  nodes: z
    .array(
      z.object({
        id,
        plugin_id: z.string().min(1),
        tool_id: z.string().min(1),
        params: z.record(z.string(), z.unknown()).default({}),
      }),
    )
    .min(1)
    .max(maxNodes),
  edges: z.array(z.object({ from_node: z.string(), to_node: z.string() })).max(maxEdges),
  entry_nodes: z.array(z.string()).min(1).max(maxNodes),
  output_nodes: z.array(z.string()).min(1).max(maxNodes),
  /** Loaded when the gateway starts, or when the pipeline is first asked for. */
  load: z.enum(['start', 'demand']).default('start'),
  /** What it may use: pixels of a frame, workers at once. */
  limits: z.object({ max_pixels: z.int().min(1).optional(), max_workers: z.int().min(1).optional() }).default({}),
  /** One frame in flight per session. */
  sequential: z.boolean().default(false),
});

export type PipelineFile = z.infer<typeof pipelineFileSchema>;

/** The order of work: each level needs only what earlier levels gave. */
export interface GraphPlan {
  readonly levels: readonly (readonly string[])[];
  /** Direct predecessors of each node, in the order of the file's edges. */
  readonly predecessors: ReadonlyMap<string, readonly string[]>;
  /** The output nodes and all that they need, in running order: what the result is merged from, last wins. */
  readonly merged: readonly string[];
}

export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly issues: string[] };

/** Checks the shape of a parsed pipeline file. */
export function parsePipelineFile(json: unknown): Checked<PipelineFile> {
  if (isNestedTooDeep(json)) return { ok: false, issues: [`is nested more than ${maxDepth} levels deep`] };
  const parsed = pipelineFileSchema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, issues: parsed.error.issues.map((issue) => describeIssue(issue)) };
}

/** Level by level, since a walk into the depth is what has to be avoided. */
function isNestedTooDeep(json: unknown): boolean {
  const objectsIn = (values: readonly unknown[]) =>
    values.filter((value) => typeof value === 'object' && value !== null);
  let level = objectsIn([json]);
  for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
    level = objectsIn(level.flatMap((value) => Object.values(value as object)));
  }
  return level.length > 0;
}

/** One line for one complaint of a schema: `nodes.0.tool_id: Invalid input: ...`. */
export function describeIssue(issue: { readonly path: readonly PropertyKey[]; readonly message: string }): string {
  return issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`;
}

/** Finds the running order, or every fault of the graph: unknown or doubled nodes, a cycle, a node that is never reached. */
export function planGraph(file: PipelineFile): Checked<GraphPlan> {
  const ids = file.nodes.map((node) => node.id);
  const issues = [...idIssues(file, ids)];
  if (issues.length > 0) return { ok: false, issues };
  const predecessors = linksOf(ids, file.edges, 'from_node', 'to_node');
  const successors = linksOf(ids, file.edges, 'to_node', 'from_node');
  const levels = levelsOf(ids, predecessors);
  const placed = new Set(levels.flat());
  if (placed.size < ids.length) {
    const stuck = ids.filter((id) => !placed.has(id));
    return { ok: false, issues: [`cycle: ${findCycle(stuck, successors).join(' -> ')}`] };
  }
  const reached = closure(file.entry_nodes, successors);
  const unreachable = ids.filter((id) => !reached.has(id));
  if (unreachable.length > 0) {
    return { ok: false, issues: unreachable.map((id) => `node "${id}" cannot be reached from entry_nodes`) };
  }
  return { ok: true, value: { levels, predecessors, merged: mergeOrder(file.output_nodes, levels, predecessors) } };
}

/** Keys of `timings_ms` that are the gateway's own; a node of that name would take its place. */
const reservedNodeIds = ['decode', 'total'];

function* idIssues(file: PipelineFile, ids: readonly string[]): Generator<string> {
  const known = new Set(ids);
  yield* reservedNodeIds
    .filter((id) => known.has(id))
    .map((id) => `node "${id}" has the name of a stage of the gateway's own`);
  for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) yield `node "${id}" is defined twice`;
  for (const { from_node, to_node } of file.edges) {
    for (const id of [from_node, to_node]) {
      if (!known.has(id)) yield `edge ${from_node} -> ${to_node} names the unknown node "${id}"`;
    }
  }
  for (const id of file.entry_nodes) if (!known.has(id)) yield `entry_nodes names the unknown node "${id}"`;
  for (const id of file.output_nodes) if (!known.has(id)) yield `output_nodes names the unknown node "${id}"`;
}

type Links = ReadonlyMap<string, readonly string[]>;

function linksOf(
  ids: readonly string[],
  edges: PipelineFile['edges'],
  end: 'from_node' | 'to_node',
  owner: 'from_node' | 'to_node',
): Links {
  return new Map(ids.map((id) => [id, edges.filter((edge) => edge[owner] === id).map((edge) => edge[end])]));
}

/** Kahn's algorithm, level by level; nodes of a cycle are never placed. */
function levelsOf(ids: readonly string[], predecessors: Links): string[][] {
  const levels: string[][] = [];
  const placed = new Set<string>();
  for (;;) {
    const level = ids.filter((id) => !placed.has(id) && (predecessors.get(id) ?? []).every((from) => placed.has(from)));
    if (level.length === 0) return levels;
    for (const id of level) placed.add(id);
    levels.push(level);
  }
}

/** Walks on from a node that no order could place; every such walk along unplaced nodes closes a ring. */
function findCycle(stuck: readonly string[], successors: Links): string[] {
  const inCycle = (id: string) => closure(successors.get(id) ?? [], successors).has(id);
  const start = stuck.find(inCycle) as string;
  const path = [start];
  for (;;) {
    const last = path.at(-1) as string;
    const next = (successors.get(last) ?? []).find(
      (id) => id === start || closure([id], successors).has(start),
    ) as string;
    if (path.includes(next)) return [...path.slice(path.indexOf(next)), next];
    path.push(next);
  }
}

/** All nodes that a walk from `starts` along `links` comes to, the starts among them. */
function closure(starts: readonly string[], links: Links): Set<string> {
  const seen = new Set<string>();
  const open = [...starts];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(links.get(id) ?? []));
  }
  return seen;
}

/** What the outputs need in running order, then the outputs themselves as the file lists them, so that theirs win. */
function mergeOrder(outputs: readonly string[], levels: readonly (readonly string[])[], predecessors: Links): string[] {
  const needed = closure(outputs, predecessors);
  const before = levels.flat().filter((id) => needed.has(id) && !outputs.includes(id));
  return [...before, ...outputs];
}
