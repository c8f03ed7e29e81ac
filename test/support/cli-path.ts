/**
 * The command line under test. `test/run.ts` names the build, which starts in two thirds of the CPU time of the sources; a test file that
 * is started alone runs the sources, so that it needs no build.
 */
import { globSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = `${root}src/cli.ts`;
const build = `${root}dist/cli.js`;

export const cliPath = process.env['CLI_PATH'] ?? sources;

/** The path of the build, or of the sources if it is older than one of them, or if their lines are counted for coverage. */
export function testedCliPath(): string {
  const builtAtMs = statSync(build, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const isCurrent = globSync(`${root}src/**/*.*`).every((file) => statSync(file).mtimeMs <= builtAtMs);
  return isCurrent && process.env['NODE_V8_COVERAGE'] === undefined ? build : sources;
}
