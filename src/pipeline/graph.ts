/** A pipeline file's schema, and the order in which its nodes run. Pure. */
import { z } from 'zod';

/** Far above any real pipeline: each node is a tool with a model, and planning time grows with nodes and edges. */
export const maxNodes = 256;
export const maxEdges = 4096;
/** Nesting depth of objects and lists. Params may be nested and are serialized again, which overflows the stack at great depth. */
const maxDepth = 32;
/** Ids appear in results, logs and URLs. */
const maxIdLength = 128;

/** A node's id becomes a key of `timings_ms`; an object cannot hold the key `__proto__`. */
const id = z
  .string()
  .min(1)
  .max(maxIdLength)
  .refine((text) => !/\p{C}/u.test(text), 'must not contain control characters')
  .refine((text) => text !== '__proto__', 'is a reserved name');

/** The stable file format. Keys of older versions (`input_schema`, `plugin_type`, ...) are ignored. */
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
  /** Whether it is loaded at startup or on its first request. */
  load: z.enum(['start', 'demand']).default('start'),
  /** Maximum pixels per frame and maximum concurrent workers. */
  limits: z.object({ max_pixels: z.int().min(1).optional(), max_workers: z.int().min(1).optional() }).default({}),
  /** One frame in flight per session. */
  sequential: z.boolean().default(false),
});

export type PipelineFile = z.infer<typeof pipelineFileSchema>;

/** The running order: each level needs only outputs of earlier levels. */
export interface GraphPlan {
  readonly levels: readonly (readonly string[])[];
  /** Direct predecessors of each node, in the order of the file's edges. */
  readonly predecessors: ReadonlyMap<string, readonly string[]>;
  /** The output nodes and all their predecessors, in running order: the result is merged from these, and the last wins. */
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

/** Breadth-first, since recursion could overflow the stack. */
function isNestedTooDeep(json: unknown): boolean {
  const objectsIn = (values: readonly unknown[]) =>
    values.filter((value) => typeof value === 'object' && value !== null);
  let level = objectsIn([json]);
  for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
    level = objectsIn(level.flatMap((value) => Object.values(value as object)));
  }
  return level.length > 0;
}

/** One line per schema issue: `nodes.0.tool_id: Invalid input: ...`. */
export function describeIssue(issue: { readonly path: readonly PropertyKey[]; readonly message: string }): string {
  return issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`;
}

/** Plans the running order, or returns every issue of the graph: unknown or duplicate nodes, a cycle, an unreachable node. */
export function planGraph(file: PipelineFile): Checked<GraphPlan> {
  const ids = file.nodes.map((node) => node.id);
  const issues = [...idIssues(file, ids)];
  if (issues.length > 0) return { ok: false, issues };
  const predecessors = linksOf(ids, file.edges, 'from_node', 'to_node');
  const successors = linksOf(ids, file.edges, 'to_node', 'from_node');
  const levels = levelsOf(ids, predecessors);
  const ordered = new Set(levels.flat());
  if (ordered.size < ids.length) {
    const stuck = ids.filter((id) => !ordered.has(id));
    return { ok: false, issues: [`cycle: ${findCycle(stuck, successors).join(' -> ')}`] };
  }
  const reached = closure(file.entry_nodes, successors);
  const unreachable = ids.filter((id) => !reached.has(id));
  if (unreachable.length > 0) {
    return { ok: false, issues: unreachable.map((id) => `node "${id}" cannot be reached from entry_nodes`) };
  }
  return { ok: true, value: { levels, predecessors, merged: mergeOrder(file.output_nodes, levels, predecessors) } };
}

/** Keys of `timings_ms` that the gateway writes; a node with the same id would overwrite them. */
const reservedNodeIds = ['decode', 'total'];

function* idIssues(file: PipelineFile, ids: readonly string[]): Generator<string> {
  const known = new Set(ids);
  yield* reservedNodeIds
    .filter((id) => known.has(id))
    .map((id) => `node "${id}": this id is reserved for the gateway's own timings`);
  for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) yield `node "${id}" is defined twice`;
  for (const { from_node, to_node } of file.edges) {
    for (const id of [from_node, to_node]) {
      if (!known.has(id)) yield `edge ${from_node} -> ${to_node}: unknown node "${id}"`;
    }
  }
  for (const id of file.entry_nodes) if (!known.has(id)) yield `entry_nodes: unknown node "${id}"`;
  for (const id of file.output_nodes) if (!known.has(id)) yield `output_nodes: unknown node "${id}"`;
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

/** Kahn's algorithm, level by level. Nodes of a cycle are in no level. */
function levelsOf(ids: readonly string[], predecessors: Links): string[][] {
  const levels: string[][] = [];
  const ordered = new Set<string>();
  for (;;) {
    const level = ids.filter(
      (id) => !ordered.has(id) && (predecessors.get(id) ?? []).every((from) => ordered.has(from)),
    );
    if (level.length === 0) return levels;
    for (const id of level) ordered.add(id);
    levels.push(level);
  }
}

/** Follows a node of a cycle along its successors that lead back to it, until the cycle closes. */
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

/** All nodes reachable from `starts` along `links`, including the starts. */
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

/** The predecessors of the outputs in running order, then the outputs in file order, so the outputs win. */
function mergeOrder(outputs: readonly string[], levels: readonly (readonly string[])[], predecessors: Links): string[] {
  const needed = closure(outputs, predecessors);
  const before = levels.flat().filter((id) => needed.has(id) && !outputs.includes(id));
  return [...before, ...outputs];
}
