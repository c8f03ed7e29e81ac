/**
 * `npm run coverage`: line coverage of the contract, sessions, pool and server, including gateways that tests start as processes, and their
 * threads. Fails below 95 %. Arguments: test files, instead of those for these parts.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { codeLines, coveredLines, type FunctionCoverage } from './support/line-coverage.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const measured = ['src/protocol.ts', 'src/session/**/*.ts', 'src/pool/**/*.ts', 'src/server/**/*.ts'];
const tests = [
  'test/unit/protocol.test.ts',
  'test/unit/{session,pool,server}/**/*.test.ts',
  'test/contract/*.test.ts',
  'test/integration/{stream,pipelines,priorities}.test.ts',
];
const minShare = 0.95;
/** Uncovered lines listed per file; `…` stands for the rest. */
const maxNamed = 12;

/** Written by V8 when a process or thread ends. */
interface CoverageFile {
  readonly result: readonly { readonly url: string; readonly functions: readonly FunctionCoverage[] }[];
}

const folder = mkdtempSync(join(tmpdir(), 'framegate-coverage-'));
try {
  const named = process.argv.slice(2);
  const run = spawnSync(
    process.execPath,
    [join(root, 'test/run.ts'), ...(named.length > 0 ? named : globSync(tests).sort())],
    {
      cwd: root,
      env: { ...process.env, NODE_V8_COVERAGE: folder },
      stdio: 'inherit',
    },
  );
  const share = report();
  process.exitCode = run.status !== 0 || share < minShare ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}

/** Prints one line per file. @returns the covered share of all lines. */
function report(): number {
  const sources = new Map(
    globSync(measured, { cwd: root })
      .sort()
      .map((path) => [pathToFileURL(join(root, path)).href, { path, text: readFileSync(join(root, path), 'utf8') }]),
  );
  const covered = new Map([...sources.keys()].map((url) => [url, new Set<number>()]));
  const files = readdirSync(folder);
  for (const file of files) {
    const { result } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CoverageFile;
    for (const { url, functions } of result) {
      const source = sources.get(url);
      if (source === undefined) continue;
      for (const line of coveredLines(source.text, functions)) covered.get(url)?.add(line);
    }
  }
  process.stdout.write(`\n${files.length} processes and threads\n`);
  let [all, run] = [0, 0];
  for (const [url, { path, text }] of sources) {
    const lines = codeLines(text);
    const missing = lines.filter((line) => !covered.get(url)?.has(line));
    all += lines.length;
    run += lines.length - missing.length;
    print(path, lines.length, missing);
  }
  const share = run / all;
  process.stdout.write(`${(100 * share).toFixed(1)} % of ${all} lines; at least ${100 * minShare} % required\n`);
  return share;
}

function print(path: string, lines: number, missing: readonly number[]): void {
  const percent = lines === 0 ? 100 : (100 * (lines - missing.length)) / lines;
  const more = missing.length > maxNamed ? ', …' : '';
  const not = missing.length === 0 ? '' : `  uncovered ${missing.slice(0, maxNamed).join(', ')}${more}`;
  process.stdout.write(`${percent.toFixed(1).padStart(6)} %  ${relative('src', path)}${not}\n`);
}
