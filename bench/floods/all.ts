/** All floods, and their selection by name. Pure. */
import type { Flood } from './flood.ts';
import { busyPeers } from './kinds/busy-peers.ts';
import { halfSent } from './kinds/half-sent.ts';
import { logLines } from './kinds/log-lines.ts';
import { pipelinedPages } from './kinds/pipelined-pages.ts';
import { shortSessions } from './kinds/short-sessions.ts';
import { silent } from './kinds/silent.ts';

export const floods: readonly Flood[] = [
  ...pipelinedPages,
  ...halfSent,
  ...silent,
  ...shortSessions,
  ...busyPeers,
  ...logLines,
];

/**
 * @param names floods or groups; empty selects all.
 * @throws RangeError for an unknown name.
 */
export function selectFloods(names: readonly string[]): readonly Flood[] {
  const matches = (flood: Flood, name: string) => flood.name === name || flood.name.startsWith(`${name}/`);
  for (const name of names) {
    if (!floods.some((flood) => matches(flood, name))) throw new RangeError(`unknown flood "${name}"`);
  }
  return names.length === 0 ? floods : floods.filter((flood) => names.some((name) => matches(flood, name)));
}
