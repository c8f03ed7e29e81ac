/** Every flood, and which of them a name means. Pure. */
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
 * @param names of floods or of groups; none means all.
 * @throws RangeError for a name that is neither.
 */
export function selectFloods(names: readonly string[]): readonly Flood[] {
  const isMeant = (flood: Flood, name: string) => flood.name === name || flood.name.startsWith(`${name}/`);
  for (const name of names) {
    if (!floods.some((flood) => isMeant(flood, name))) throw new RangeError(`there is no flood "${name}"`);
  }
  return names.length === 0 ? floods : floods.filter((flood) => names.some((name) => isMeant(flood, name)));
}
