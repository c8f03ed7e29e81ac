/** Request paths: removes redundant slashes and suggests the path that was probably meant. Pure. */

/** Collapses repeated slashes and removes a trailing one; the root stays `/`. */
export function normalizeSlashes(path: string): string {
  return path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
}

/**
 * Finds the known path that differs from the given one only by slashes, case, a prefix or a missing end: `/frames/`, `/v1/healthz`,
 * `/ws`.
 */
export function suggestPath(path: string, known: Iterable<string>): string | undefined {
  const requested = normalizeSlashes(path).toLowerCase();
  for (const candidate of known)
    if (requested.endsWith(candidate) || candidate.startsWith(`${requested}/`)) return candidate;
  return undefined;
}
