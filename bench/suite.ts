/** `make bench`: the fixed benchmark suite. Writes `bench/results/DATE.json`, `docs/operations/benchmark-results.md` and its plots. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { cells } from './suite/cells.ts';
import { pageOf } from './suite/page.ts';
import { mergeRecords, type SuiteRecord } from './suite/record.ts';
import { Runner } from './suite/runner.ts';

interface Flags {
  readonly seconds: number;
  readonly runs: number;
  readonly ceilingFrames: number;
  readonly only?: readonly string[];
  readonly out: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const interruptedExitCode = 130;

const ids = cells.map(({ id }) => id);
const flags = new Command('npm run bench:suite --')
  .description('Runs every load against the gateway, the baseline and the peers, and writes the results.')
  .option('-s, --seconds <n>', 'measured time of each run', wholeNumber, 5)
  .option('-r, --runs <n>', 'rounds per load, of which the median is used', wholeNumber, 3)
  .option('-n, --ceiling-frames <n>', 'number of frames of the bare loop', wholeNumber, 200)
  .option('--only <ids>', "only these loads, separated by commas; merged into the same day's results", knownIds)
  .option('-o, --out <dir>', 'where to write bench/results and docs', root)
  .addHelpText('after', `\nLoads: ${ids.join(', ')}`)
  .parse()
  .opts<Flags>();

// Servers are killed on the `exit` event, which a signal alone does not emit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(interruptedExitCode));

const machine = {
  date: new Date().toISOString().slice(0, 10),
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  node: process.versions.node,
  commit: commitOf(),
};
const { seconds, runs, ceilingFrames, only, out } = flags;
const chosen = cells.filter(({ id }) => only?.includes(id) ?? true);
const log = (line: string) => process.stdout.write(`${line}\n`);
const outcome = await new Runner({ cells: chosen, rounds: runs, seconds, ceilingFrames, log }).run();

const path = join(out, 'bench/results', `${machine.date}.json`);
const before =
  only !== undefined && existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as SuiteRecord) : undefined;
const record = mergeRecords(before, { machine, seconds, runs, ...outcome }, ids);
const { markdown, plots } = pageOf(record, machine, record);
write('bench/results', `${machine.date}.json`, `${JSON.stringify(record, null, 1)}\n`);
write('docs/operations', 'benchmark-results.md', markdown);
// Removes plots that the suite no longer draws.
rmSync(join(out, 'docs/plots'), { recursive: true, force: true });
for (const [name, svg] of Object.entries(plots)) write('docs/plots', name, svg);

function write(folder: string, name: string, text: string): void {
  mkdirSync(join(out, folder), { recursive: true });
  writeFileSync(join(out, folder, name), text);
}

function commitOf(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}

function knownIds(text: string): string[] {
  const requested = text.split(',').map((id) => id.trim());
  const unknown = requested.filter((id) => !ids.includes(id));
  if (unknown.length > 0) throw new InvalidArgumentError(`Unknown: ${unknown.join(', ')}. Loads: ${ids.join(', ')}.`);
  return requested;
}
