/** Reads and writes the state of a session: one text with the state of each tool, which travels with the frames. Worker threads. */
import { FrameError } from '../errors.ts';
import { maxStateBytes } from '../session-state.ts';
import { toolName } from '../tools/tool.ts';
import type { CheckedNode, NodeState } from './check-node.ts';

/** A node whose tool has state. */
export interface StatefulNode extends Omit<CheckedNode, 'paramsKey'> {
  readonly state: NodeState;
}

/** State by node id. */
export type States = ReadonlyMap<string, unknown>;

/** A node's state with the fingerprint of the tool that wrote it. */
type Entry = readonly [fingerprint: string, state: unknown];

export function isStateful(node: CheckedNode): node is CheckedNode & StatefulNode {
  return node.state !== undefined;
}

/**
 * @param text as returned by {@link writeStates} for an earlier frame, maybe by another worker with another version of the pipeline.
 * @returns the state of each node: the initial one if the text has none, or one of a tool that has changed since.
 */
export function readStates(text: string, nodes: readonly StatefulNode[]): States {
  const entries = parseEntries(text);
  return new Map(
    nodes.map(({ id, state: { fingerprint, initial } }) => {
      const entry = entries.get(id);
      return [id, entry?.[0] === fingerprint ? entry[1] : structuredClone(initial)];
    }),
  );
}

/**
 * @param states kept as their schemas return them: without unknown keys, with defaults.
 * @throws FrameError `pipeline_failure` that names the tool, if a state is not what its schema describes, or if all together are too large.
 */
export function writeStates(states: States, nodes: readonly StatefulNode[]): string {
  const parts = nodes.map((node) => ({ node, text: encode(node, states.get(node.id)) }));
  const text = `{${parts.map((part) => part.text).join(',')}}`;
  if (Buffer.byteLength(text) > maxStateBytes) {
    const largest = parts.reduce((a, b) => (b.text.length > a.text.length ? b : a));
    const limit = `${maxStateBytes / 1024} KB`;
    throw new FrameError('pipeline_failure', `State of ${toolName(largest.node.tool)} exceeds ${limit}`);
  }
  return text;
}

/** What is wrong with the states with which a session begins: all together may be too large. */
export function initialIssues(nodes: readonly StatefulNode[]): string[] {
  try {
    writeStates(new Map(nodes.map(({ id, state }) => [id, state.initial])), nodes);
    return [];
  } catch (error) {
    return [error instanceof FrameError ? `initial state: ${error.detail}` : String(error)];
  }
}

function parseEntries(text: string): ReadonlyMap<string, Entry> {
  if (text === '') return new Map();
  try {
    const parsed: unknown = JSON.parse(text);
    const entries = Object.entries(parsed ?? {}).filter(([, entry]) => Array.isArray(entry));
    return new Map(entries as [string, Entry][]);
  } catch {
    return new Map();
  }
}

function encode({ id, tool, state: { schema, fingerprint } }: StatefulNode, state: unknown): string {
  try {
    // A refinement, or a getter in the state, may throw.
    const checked = schema.safeParse(state);
    if (!checked.success) throw checked.error;
    const text: string | undefined = JSON.stringify(checked.data);
    if (text === undefined) throw new Error('it is not JSON');
    return `${JSON.stringify(id)}:["${fingerprint}",${text}]`;
  } catch (cause) {
    throw new FrameError('pipeline_failure', `State of ${toolName(tool)} is invalid`, { cause });
  }
}
