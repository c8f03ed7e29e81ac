/** `make bench`: the fixed suite; writes `bench/results/DATE.json`, `docs/BENCHMARKS.md` and its plots. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { pageOf } from './suite/page.ts';
import { runSuite } from './suite/scenarios.ts';

interface Flags {
  readonly seconds: number;
  readonly ceilingFrames: number;
  readonly out: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));

const flags = new Command('npm run suite --')
  .description('Runs every scenario against the gateway, the floor and the peers, and writes what it saw.')
  .option('-s, --seconds <n>', 'clock of each run', wholeNumber, 10)
  .option('-n, --ceiling-frames <n>', 'frames of the bare loop', wholeNumber, 300)
  .option('-o, --out <dir>', 'where to write bench/results and docs', root)
  .parse()
  .opts<Flags>();

const machine = {
  date: new Date().toISOString().slice(0, 10),
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  node: process.versions.node,
  commit: commitOf(),
};
const { seconds, ceilingFrames, out } = flags;
const outcome = await runSuite({ seconds, ceilingFrames, say: (line) => process.stdout.write(`${line}\n`) });
const { markdown, plots } = pageOf(outcome, machine, seconds);
write('bench/results', `${machine.date}.json`, `${JSON.stringify({ machine, seconds, ...outcome }, null, 1)}\n`);
write('docs', 'BENCHMARKS.md', markdown);
for (const [name, svg] of Object.entries(plots)) write('docs/plots', name, svg);

function write(folder: string, name: string, text: string): void {
  mkdirSync(`${out}/${folder}`, { recursive: true });
  writeFileSync(`${out}/${folder}/${name}`, text);
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
