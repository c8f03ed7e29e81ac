/** The repository: format, lint, types, layers, unused code, file length, and workflows. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { ownFiles, root } from '../support/own-files.ts';

const maxFileLines = 300;

for (const script of ['lint', 'types', 'layers', 'unused']) {
  test(`npm run ${script} finds nothing`, async (t) => {
    const { status, signal, stdout, stderr } = spawnSync('npm', ['--silent', 'run', script], {
      cwd: root,
      encoding: 'utf8',
    });
    const findings = status === 0 ? '' : `${stdout}${stderr}`;
    // The status too: a tool that crashes or is killed prints nothing.
    t.strictSame({ status, signal, findings }, { status: 0, signal: null, findings: '' });
  });
}

test(`no source file is longer than ${maxFileLines} lines`, async (t) => {
  const files = ['src', 'bench', 'clients', 'scripts', 'test', 'native-models/training'].flatMap(ownFiles);
  const sources = files.filter((name) => /\.(ts|mjs|py)$/.test(name));
  t.ok(sources.length > 0);
  const long = sources.filter((name) => readFileSync(join(root, name), 'utf8').split('\n').length > maxFileLines + 1);
  t.strictSame(long, []);
});

test('the workflows run only `make test`', async (t) => {
  const folder = join(root, '.github/workflows');
  const steps = readdirSync(folder).flatMap((name) => [
    ...readFileSync(join(folder, name), 'utf8').matchAll(/^ *-? *run: *(.+)$/gm),
  ]);
  t.strictSame(
    steps.map(([, command]) => command),
    ['make test'],
  );
});
