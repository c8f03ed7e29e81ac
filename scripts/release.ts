/**
 * `make release VERSION=0.2.0`: sets the version, runs the checks, builds the npm tarball, its SBOM, and the Python wheel into `release`, commits, and
 * tags. Pushes and publishes nothing. If a step fails, the files have their old version again.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { releaseIssues, setVersion, versionedFiles } from './release-files.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const outputFolder = 'release';

/** @returns what the command printed. */
function ask(command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: root, encoding: 'utf8' }).trim();
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { cwd: root, stdio: 'inherit' });
}

const read = (path: string) => readFileSync(`${root}/${path}`, 'utf8');

function release(version: string): void {
  const paths = versionedFiles.map(({ path }) => path);
  try {
    for (const file of versionedFiles)
      writeFileSync(`${root}/${file.path}`, setVersion(file, read(file.path), version));
    run('make', 'check');
    mkdirSync(`${root}/${outputFolder}`, { recursive: true });
    // The checkout's .npmrc turns off scripts, and with them the build in `prepack`.
    run('npm', 'pack', '--ignore-scripts=false', '--pack-destination', outputFolder);
    // What the package contains, in the format of CycloneDX.
    writeFileSync(
      `${root}/${outputFolder}/framegate-${version}.sbom.json`,
      ask('npm', 'sbom', '--omit=dev', '--sbom-format=cyclonedx'),
    );
    run('python3', '-m', 'pip', 'wheel', '--no-deps', '--wheel-dir', outputFolder, './clients/python');
  } catch (error) {
    run('git', 'checkout', '--', ...paths);
    throw error;
  }
  run('git', 'commit', '--message', `Release ${version}`, '--', ...paths);
  run('git', 'tag', '--annotate', `v${version}`, '--message', `framegate ${version}`);
  process.stdout.write(`Tagged v${version}. To publish it, follow "Make a release" in CONTRIBUTING.md.\n`);
}

const version = process.argv[2] ?? '';
const issues = releaseIssues({
  version,
  current: (JSON.parse(read('package.json')) as { version: string }).version,
  branch: ask('git', 'branch', '--show-current'),
  changes: ask('git', 'status', '--porcelain'),
  tags: ask('git', 'tag').split('\n'),
  changelog: read('CHANGELOG.md'),
});
for (const issue of issues) process.stderr.write(`release: ${issue}\n`);
if (issues.length > 0) process.exitCode = 1;
else release(version);
