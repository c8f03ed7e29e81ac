/** Orders the nodes of a graph so that each comes after those that it takes values from. Any thread. */
import { type GraphNode, namesUsedBy } from './graph.ts';

/**
 * Exporters write nodes in this order, but converters may add theirs at the end. Nodes stay in place where they can.
 * @returns the nodes; those of a cycle, which no runtime accepts, in any order.
 */
export function inOrder(nodes: readonly GraphNode[]): GraphNode[] {
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const seen = new Set<GraphNode>();
  const ordered: GraphNode[] = [];
  for (const start of nodes) {
    // Not recursive: a chain of nodes can be longer than the stack.
    const stack = seen.has(start) ? [] : [pending(start, producers)];
    seen.add(start);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.before.pop();
      if (next === undefined) {
        ordered.push(top.node);
        stack.pop();
      } else if (!seen.has(next)) {
        seen.add(next);
        stack.push(pending(next, producers));
      }
    }
  }
  return ordered;
}

interface Pending {
  readonly node: GraphNode;
  /** Nodes that must come first and were not visited yet. */
  readonly before: GraphNode[];
}

function pending(node: GraphNode, producers: ReadonlyMap<string, GraphNode>): Pending {
  const before = namesUsedBy(node).flatMap((name) => producers.get(name) ?? []);
  return { node, before: before.reverse() };
}
