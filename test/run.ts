/** Runs the tests with tap and ends with one summary line. Arguments: test files (default: all); flags are passed to tap. */
import { spawn } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { Parser } from 'tap-parser';
import { testedCliPath } from './support/cli-path.ts';
// Once and before the test files, which would otherwise all build at the same time.
import './support/fresh-page.ts';

interface Counts {
  passed: number;
  /** The name of each failed test. */
  readonly failed: string[];
  /** Each skipped test with its reason. */
  readonly skipped: string[];
  /** Files that failed without a failed test: crashed, killed, timed out, or without tests. */
  readonly broken: string[];
}

interface Outcome {
  readonly ok: boolean;
  readonly name: string;
  readonly skip?: unknown;
}

/** Nesting depths in the TAP of a run: `all.ts` is a test, each file is a test in it, and each `test()` is one level deeper. */
const fileDepth = 1;
const testDepth = 2;

/** Counts the tests in a TAP file; each `test()` of a test file is one. */
async function countTests(path: string): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: [], skipped: [], broken: [] };
  let failedBefore = 0;
  const endFile = ({ ok, name, skip }: Outcome) => {
    if ((!ok && counts.failed.length === failedBefore) || skip) counts.broken.push(name);
    failedBefore = counts.failed.length;
  };
  const endTest = ({ ok, name, skip }: Outcome) => {
    if (skip) counts.skipped.push(`skipped: ${name} (${skip})`);
    else if (ok) counts.passed += 1;
    else counts.failed.push(name);
  };
  const watch = (parser: Parser, depth: number) => {
    parser.on('child', (child: Parser) => watch(child, depth + 1));
    if (depth === fileDepth) parser.on('assert', endFile);
    if (depth === testDepth) parser.on('assert', endTest);
  };
  if (!existsSync(path)) return counts;
  const parser = new Parser();
  watch(parser, 0);
  for await (const chunk of createReadStream(path, 'utf8')) parser.write(chunk as string);
  parser.end();
  return counts;
}

/** The reporter redraws its counts in place, which would accumulate in a file or pipe. */
function isProgress(line: string): boolean {
  return line.trim() === '' || line === '# No coverage generated' || /^(Asserts|Suites):/.test(line);
}

const folder = mkdtempSync(join(tmpdir(), 'framegate-tests-'));
const output = join(folder, 'results.tap');
const onTerminal = process.stdout.isTTY;
const reporter = onTerminal ? 'base' : 'terse';
const isFlag = (argument: string) => argument.startsWith('-');
const flags = process.argv.slice(2).filter(isFlag);
const files = process.argv.slice(2).filter((argument) => !isFlag(argument));
const named = files.map((file) => `--test-arg=${file}`);
const tap = spawn('tap', [`--reporter=${reporter}`, `--output-file=${output}`, ...flags, ...named, 'test/all.ts'], {
  env: { ...process.env, CLI_PATH: testedCliPath() },
  stdio: ['inherit', onTerminal ? 'inherit' : 'pipe', 'inherit'],
});
tap.on('close', finish);
if (tap.stdout !== null) {
  for await (const line of createInterface(tap.stdout)) {
    const text = stripVTControlCharacters(line);
    if (!isProgress(text)) process.stdout.write(`${text}\n`);
  }
}

/** Counts, cleans up and reports. */
async function finish(code: number | null): Promise<void> {
  const { passed, failed, skipped, broken } = await countTests(output);
  rmSync(folder, { recursive: true });
  const reported = failed.length + broken.length;
  for (const reason of skipped) process.stdout.write(`${reason}\n`);
  for (const name of failed) process.stdout.write(`failed: ${name}\n`);
  for (const file of broken) process.stdout.write(`broken: ${file} (ended early, or has no test)\n`);
  const count = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
  process.stdout.write(`${passed} passed, ${reported === 0 && code !== 0 ? 1 : reported} failed${count}\n`);
  process.exitCode = broken.length > 0 ? 1 : (code ?? 1);
}
