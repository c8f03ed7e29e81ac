/** Makes the batch dimension of an ONNX file free, and says why where the graph does not allow it. Any thread. */
import { axisRules } from './axis-rules.ts';
import { type Graph, type GraphNode, type GraphValue, namesUsedBy } from './graph.ts';
import { withFreeBatch, writeGraph } from './graph-writer.ts';
import { inOrder } from './order.ts';
import { Rewrite, type Shapes } from './rewrite.ts';
import { type Blocked, blocked, isBlocked, type Rows } from './rows.ts';
import { type Rule, shapeRules } from './shape-rules.ts';
import { broadcast, shapeReaders, totalReason, valueRules } from './value-rules.ts';

const rules: Readonly<Record<string, Rule>> = { ...valueRules, ...axisRules, ...shapeRules };

/** A batch is the first dimension of a value with at least two. A value with one is a parameter, such as a threshold. */
const minRank = 2;

/** Inputs with a batch. */
function batchInputs(graph: Graph): GraphValue[] {
  return graph.inputs.filter(({ dims }) => (dims?.length ?? 0) >= minRank);
}

/** @returns whether it is free already; a reason if the inputs have another batch than 1, or none. */
export function readBatch(graph: Graph): 'free' | 'fixed' | Blocked {
  const inputs = batchInputs(graph);
  if (inputs.length === 0) return blocked('no input has a batch dimension');
  const other = inputs.find(({ dims }) => typeof dims?.[0] === 'number' && dims[0] !== 1);
  if (other !== undefined) return blocked(`input ${other.name} has a fixed batch of ${other.dims?.[0]}, not of 1`);
  const isFixed = [...inputs, ...graph.outputs].some(({ dims }) => dims?.[0] === 1);
  return isFixed && inputs.some(({ dims }) => dims?.[0] === 1) ? 'fixed' : 'free';
}

/** Nodes whose rules need shapes: these of their inputs and outputs. */
const measured: ReadonlySet<string> = new Set(['Reshape', 'Gather', 'GatherND', 'Expand']);

/**
 * The file with the values as outputs whose shapes {@link freeBatch} needs. ONNX files seldom have them, and may have wrong ones, so
 * they are measured by running it.
 */
export function withMeasuredOutputs(graph: Graph): Uint8Array {
  const known = new Set([...graph.outputs.map(({ name }) => name), ...graph.initializers.keys()]);
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  const wanted = graph.nodes.flatMap(({ opType, inputs: [first = ''], outputs }) =>
    measured.has(opType) ? [first, ...outputs] : [],
  );
  const addedOutputs = [...new Set(wanted)].filter((name) => name !== '' && !known.has(name) && !inputs.has(name));
  return writeGraph(graph, { addedOutputs });
}

/**
 * @param shapes of inner values at batch 1, see {@link withMeasuredOutputs}.
 * @returns the new file, or the first node or output that stands in the way. The rules cover what exporters write; whether the new file
 * computes the same must be checked by running it.
 */
export function freeBatch(graph: Graph, shapes: Shapes): Uint8Array | Blocked {
  const inputs = batchInputs(graph);
  const [first] = inputs;
  if (first === undefined) return blocked('no input has a batch dimension');
  const nms = graph.nodes.find(({ opType }) => opType === 'NonMaxSuppression');
  if (nms !== undefined) return blocked(`${describe(nms)}: ${totalReason}; export without NMS (nms=False)`);
  const rewrite = new Rewrite(graph, shapes, first.name);
  for (const { name, dims } of inputs) rewrite.setRows(name, { axis: 0, rank: dims?.length ?? 0 });
  for (const node of inOrder(graph.nodes)) {
    const issue = applyRule(node, rewrite);
    if (issue !== undefined) return blocked(`${describe(node)}: ${issue}`);
  }
  for (const { name } of graph.outputs) {
    const issue = issueOfOutput(rewrite.rowsOf(name));
    if (issue !== undefined) return blocked(`output ${name}: ${issue}`);
  }
  const name = freeName(graph);
  const replaced = new Map([...inputs, ...graph.outputs].map((value) => [value.field, withFreeBatch(value, name)]));
  return writeGraph(graph, { nodes: rewrite.nodes, replaced });
}

/** @returns why the node stands in the way. */
function applyRule(node: GraphNode, rewrite: Rewrite): string | undefined {
  const isSameForAll = !namesUsedBy(node).some((name) => rewrite.rowsOf(name) !== undefined);
  if (isSameForAll || shapeReaders.has(node.opType)) {
    rewrite.emit(node);
    return undefined;
  }
  const rows = (rules[node.opType] ?? broadcast)(node, rewrite);
  if (isBlocked(rows)) return rows.blocked;
  for (const output of node.outputs) if (rewrite.rowsOf(output) === undefined) rewrite.setRows(output, rows);
  return undefined;
}

function describe({ opType, name, outputs }: GraphNode): string {
  return `${opType} node ${name || outputs[0] || ''}`;
}

function issueOfOutput(rows: Rows | undefined): string | undefined {
  if (rows === undefined) return 'it is the same for all images';
  if (rows.isHidden) return 'it has no batch dimension';
  if (rows.merged !== undefined) return 'it has the findings of all images in one list';
  return rows.axis === 0 ? undefined : `its batch is dimension ${rows.axis}, not the first`;
}

/** A dimension of the file that has this name already could have another size. */
function freeName({ inputs, outputs }: Graph): string {
  const used = new Set([...inputs, ...outputs].flatMap(({ dims }) => dims ?? []));
  let name = 'batch';
  while (used.has(name)) name = `${name}_size`;
  return name;
}
