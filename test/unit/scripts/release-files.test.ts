/** What a release checks and changes, without git. */
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import {
  changelogSection,
  isNewer,
  releaseIssues,
  setVersion,
  versionedFiles,
} from '../../../scripts/release-files.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const { version: current } = JSON.parse(read('package.json')) as { version: string };

for (const file of versionedFiles) {
  test(`${file.path}: the version is replaced, and nothing else`, async (t) => {
    const text = read(file.path);
    const changed = setVersion(file, text, '98.76.54');
    t.equal(changed.split('98.76.54').length - 1, file.count);
    t.equal(changed.replaceAll('98.76.54', current), text, 'the files have the version of package.json');
  });
}

test('a file without its version is an error', async (t) => {
  const [file] = versionedFiles;
  t.ok(file);
  if (file !== undefined) t.throws(() => setVersion(file, '{}', '0.2.0'), /^package.json has 0 versions/);
});

const changelog = `# Changelog

## Unreleased

- Later.

## 0.2.0 - 2031-01-02

Upgrade soon.

### Added

- This.

## [0.1.0]

- That.

## 0.0.1

`;

test('a section of the changelog ends at the next one', async (t) => {
  t.equal(changelogSection(changelog, '0.2.0'), 'Upgrade soon.\n\n### Added\n\n- This.');
  t.equal(changelogSection(changelog, '0.1.0'), '- That.');
  t.equal(changelogSection(changelog, '0.0.1'), '');
  for (const other of ['0.2.1', '0.2', '1.0', '0.1', '10.2.0']) t.equal(changelogSection(changelog, other), '', other);
});

test('versions are compared as numbers', async (t) => {
  for (const [next, before] of [
    ['0.2.0', '0.1.9'],
    ['0.10.0', '0.9.0'],
    ['1.0.0', '0.99.99'],
    ['0.1.1', '0.1.0'],
  ] as const) {
    t.ok(isNewer(next, before), `${next} after ${before}`);
    t.notOk(isNewer(before, next), `${before} after ${next}`);
  }
  t.notOk(isNewer('0.1.0', '0.1.0'));
});

const clean = { version: '0.2.0', current: '0.1.0', branch: 'main', changes: '', tags: ['v0.1.0'], changelog };

test('a release needs a clean main, a new version, and a section in the changelog', async (t) => {
  t.strictSame(releaseIssues(clean), []);
  const cases = [
    [{ version: 'v0.2.0' }, 'the version must be three numbers, for example 0.2.0'],
    [{ version: '' }, 'the version must be three numbers, for example 0.2.0'],
    [{ current: '0.2.0' }, '0.2.0 is not newer than 0.2.0'],
    [{ branch: 'topic' }, 'the branch is topic, not main'],
    [{ changes: ' M README.md' }, 'there are uncommitted changes:\n M README.md'],
    [{ tags: ['v0.2.0'] }, 'the tag v0.2.0 exists'],
    [{ version: '0.3.0' }, 'CHANGELOG.md has no section 0.3.0, or it is empty'],
  ] as const;
  for (const [change, issue] of cases) t.strictSame(releaseIssues({ ...clean, ...change }), [issue]);
});
