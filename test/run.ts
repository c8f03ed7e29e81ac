/** Runs the tests with tap and ends with one line that counts them. Arguments go to tap: files, `--grep`, ... */
import { spawn } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { Parser } from 'tap-parser';

interface Counts {
  passed: number;
  failed: number;
  /** Each skipped test with its reason. */
  readonly skipped: string[];
}

/** Depth of a `test()` in a file: tap wraps each file into a test of its own. */
const testDepth = 1;

/** Counts the tests in a file of TAP, each `test()` of a test file as one. */
async function countTests(path: string): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: [] };
  const watch = (parser: Parser, depth: number) => {
    parser.on('child', (child: Parser) => watch(child, depth + 1));
    if (depth !== testDepth) return;
    parser.on('assert', (result: { ok: boolean; name: string; skip?: unknown }) => {
      if (result.skip) counts.skipped.push(`skipped: ${result.name} (${result.skip})`);
      else if (result.ok) counts.passed += 1;
      else counts.failed += 1;
    });
  };
  if (!existsSync(path)) return counts;
  const parser = new Parser();
  watch(parser, 0);
  for await (const chunk of createReadStream(path, 'utf8')) parser.write(chunk as string);
  parser.end();
  return counts;
}

/** The reporter redraws its counts over themselves, which a file or a pipe would only collect. */
function isProgress(line: string): boolean {
  return line.trim() === '' || line === '# No coverage generated' || /^(Asserts|Suites):/.test(line);
}

const folder = mkdtempSync(join(tmpdir(), 'framegate-tests-'));
const output = join(folder, 'results.tap');
const onTerminal = process.stdout.isTTY;
const reporter = onTerminal ? 'base' : 'terse';
const tap = spawn('tap', [`--reporter=${reporter}`, `--output-file=${output}`, ...process.argv.slice(2)], {
  stdio: ['inherit', onTerminal ? 'inherit' : 'pipe', 'inherit'],
});
tap.on('close', finish);
if (tap.stdout !== null) {
  for await (const line of createInterface(tap.stdout)) {
    const text = stripVTControlCharacters(line);
    if (!isProgress(text)) process.stdout.write(`${text}\n`);
  }
}

/** Counts, cleans up and tells. */
async function finish(code: number | null): Promise<void> {
  const { passed, failed, skipped } = await countTests(output);
  rmSync(folder, { recursive: true });
  // A file that crashed or ran no test has failed, even where every test that ran has passed.
  const broken = code !== 0 && failed === 0 ? 1 : 0;
  for (const reason of skipped) process.stdout.write(`${reason}\n`);
  const count = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
  process.stdout.write(`${passed} passed, ${failed + broken} failed${count}\n`);
  process.exitCode = code ?? 1;
}
