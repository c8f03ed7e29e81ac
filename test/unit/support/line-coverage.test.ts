/** Lines are counted as V8 saw them: types, comments and brackets are none, and of what is nested the innermost count holds. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'tap';
import { codeLines, coveredLines, type FunctionCoverage } from '../../support/line-coverage.ts';

const source = `/** A comment. */
import type { Other } from './other.ts';

interface Shape {
  readonly side: number;
}

export function choose(shape: Shape, other?: Other): number {
  // Why.
  if (shape.side > 1) {
    return shape.side;
  }
  return other === undefined ? 0 : 1;
}

function never(): void {
  throw new Error('never');
}

const run = () => choose({ side: 3 }) +
  choose({ side: 5 });
export const sum = run();
export const later = () => never();
`;

test('lines of code are those that run, without types, comments and brackets', async (t) => {
  t.same(codeLines(source), [8, 10, 11, 13, 16, 17, 20, 21, 22, 23]);
});

test('what a process ran is found in what V8 writes when it ends', async (t) => {
  const folder = t.testdir({ 'program.ts': source, coverage: {} });
  const path = join(folder, 'program.ts');
  const NODE_V8_COVERAGE = join(folder, 'coverage');
  const { status } = spawnSync(process.execPath, ['--no-warnings', path], { env: { NODE_V8_COVERAGE } });
  t.equal(status, 0);
  const [file = ''] = readdirSync(NODE_V8_COVERAGE);
  const { result } = JSON.parse(readFileSync(join(NODE_V8_COVERAGE, file), 'utf8')) as {
    result: { url: string; functions: FunctionCoverage[] }[];
  };
  const functions = result.find(({ url }) => url === pathToFileURL(path).href)?.functions ?? [];
  const covered = new Set(coveredLines(source, functions));
  const missing = codeLines(source).filter((line) => !covered.has(line));
  t.same(missing, [13, 16, 17], 'the end that is not reached, and the function that is not called');
});

test('a line of which some part ran is covered', async (t) => {
  const line = 'const f = () => 1; f();';
  const ranges = (count: number) => [{ startOffset: 10, endOffset: 17, count }];
  t.same(coveredLines(line, [{ ranges: ranges(0) }]), [1]);
  t.same(coveredLines('f(\n);', [{ ranges: [{ startOffset: 0, endOffset: 5, count: 0 }] }]), []);
});
