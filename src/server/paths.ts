/** Paths as they are asked for: slashes that mean nothing, and what a path that is not there was meant to be. Pure. */

/** A path with one slash where there are several, and none at its end; the root stays `/`. */
export function normalizeSlashes(path: string): string {
  return path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
}

/**
 * The known path that one differs from by its slashes, its case, something before it or the end that it lacks: `/frames/`,
 * `/v1/healthz`, `/ws`.
 */
export function suggestPath(path: string, known: Iterable<string>): string | undefined {
  const asked = normalizeSlashes(path).toLowerCase();
  for (const candidate of known) if (asked.endsWith(candidate) || candidate.startsWith(`${asked}/`)) return candidate;
  return undefined;
}
