/** What is wrong with an environment. Tests only. */
import { loadConfig } from '../../src/config.ts';
import { ConfigError } from '../../src/errors.ts';

/** @returns one line per bad value; empty if there is none. */
export function issuesOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
  return [];
}
