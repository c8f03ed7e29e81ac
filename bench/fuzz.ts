/** `npm run fuzz`: feeds hundreds of thousands of corrupted JPEG frames, model files and pipeline files to the gateway and checks every outcome. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Argument, Command, InvalidArgumentError } from 'commander';
import { type CampaignReport, runCampaign } from './fuzz/campaign.ts';
import { kinds } from './fuzz/kinds.ts';
import { growthOf } from './fuzz/memory.ts';
import { randomForCase } from './fuzz/target.ts';
import { targets } from './fuzz/targets.ts';

interface Flags {
  readonly count?: number;
  readonly seed: number;
  readonly minutes: number;
  readonly only?: number;
  readonly saveFailures: string;
  readonly json?: boolean;
}

const msPerMinute = 60_000;
const bytesPerMegabyte = 1_048_576;
const maxShown = 20;

const program = new Command('npm run fuzz --')
  .description('Fuzzes the gateway with corrupted files and checks that each outcome is valid.')
  .addArgument(new Argument('[kind...]', 'kinds of input to fuzz (default: all)').choices(Object.keys(kinds)))
  .option('-n, --count <n>', 'cases per kind, instead of the default number', wholeNumber)
  .option('--seed <n>', 'seed of the cases', wholeNumber, 1)
  .option('-m, --minutes <n>', 'start no batch after this many minutes', positiveNumber, Number.POSITIVE_INFINITY)
  .option('--only <n>', 'run only this case and save its bytes', wholeNumber)
  .option('--keep <folder>', 'folder for the bytes of failed cases', 'fuzz-failures')
  .option('--json', 'print one JSON object')
  .parse();
const flags = program.opts<Flags>();
const chosen = program.args.length > 0 ? program.args : Object.keys(kinds);

/** Yield to other processes. */
setPriority(constants.priority.PRIORITY_LOW);

const corpus = mkdtempSync(join(tmpdir(), 'framegate-fuzz-'));
const deadlineMs = performance.now() + flags.minutes * msPerMinute;
const reports: CampaignReport[] = [];
try {
  for (const kind of chosen) await fuzz(kind);
} finally {
  rmSync(corpus, { recursive: true });
}
if (flags.json) process.stdout.write(`${JSON.stringify({ seed: flags.seed, reports })}\n`);
if (reports.some(hasFailed)) process.exitCode = 1;

async function fuzz(kind: string): Promise<void> {
  const spec = kinds[kind];
  if (spec === undefined) throw new Error(`unknown kind ${kind}`);
  const folder = join(corpus, kind);
  const sources = await spec.prepare(folder);
  printLine(`${kind}: seed ${flags.seed}; seed files from ${sources.join(', ')}`);
  for (const [name, share] of Object.entries(spec.targets)) {
    const count = Math.max(1, Math.round((flags.count ?? spec.count) * share));
    const range = flags.only === undefined ? { from: 0, count } : { from: flags.only, count: 1 };
    const progressed = (done: number) => showProgress(name, done, range.count);
    const options = { name, corpus: folder, seed: flags.seed, deadlineMs, progressed, ...range };
    const report = await runCampaign({ ...options, spec: targetOf(name) });
    reports.push(report);
    printReport(report);
    await saveFailures(report, kind, folder);
  }
}

function targetOf(name: string) {
  const spec = targets[name];
  if (spec === undefined) throw new Error(`unknown target ${name}`);
  return spec;
}

function hasFailed({ failures, residentBytes }: CampaignReport): boolean {
  return failures.length > 0 || growthOf(residentBytes).isLeak;
}

function showProgress(name: string, done: number, count: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${name}: ${done} of ${count} `);
}

function printReport({ target, cases, seconds, outcomes, failures, slowest, residentBytes }: CampaignReport): void {
  const counts = Object.entries(outcomes).map(([outcome, times]) => `${times} ${outcome}`);
  printLine(`${target}: ${cases} cases in ${seconds.toFixed(0)} s: ${counts.join(', ')}`);
  printLine(`  slowest case ${slowest.number}: ${slowest.ms.toFixed(0)} ms`);
  const { from, to, isLeak } = growthOf(residentBytes);
  const suffix = isLeak ? ' (growing)' : '';
  printLine(`  memory: ${megabytes(from)} MB at the start, ${megabytes(to)} MB at the end${suffix}`);
  for (const { number, what, problem } of failures.slice(0, maxShown))
    printLine(`  FAILED ${number} (${what}): ${problem}`);
  if (failures.length > maxShown) printLine(`  and ${failures.length - maxShown} more`);
}

function megabytes(bytes: number): string {
  return (bytes / bytesPerMegabyte).toFixed(0);
}

/** Saves the bytes of failed cases and prints how to reproduce them. */
async function saveFailures(
  { target: name, failures, seed }: CampaignReport,
  kind: string,
  folder: string,
): Promise<void> {
  const numbers = failures.slice(0, maxShown).map(({ number }) => number);
  if (flags.only !== undefined && numbers.length === 0) numbers.push(flags.only);
  if (numbers.length === 0) return;
  mkdirSync(flags.saveFailures, { recursive: true });
  const target = await targetOf(name).create(folder);
  for (const number of numbers) {
    const path = join(flags.saveFailures, `${name}-${seed}-${number}`);
    writeFileSync(path, target.make(randomForCase(seed, number)).bytes);
    printLine(`  ${path}; reproduce with: npm run fuzz -- ${kind} --seed ${seed} --only ${number}`);
  }
}

function printLine(line: string): void {
  (flags.json ? process.stderr : process.stdout).write(`${line}\n`);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function positiveNumber(text: string): number {
  if (!(Number(text) > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return Number(text);
}
