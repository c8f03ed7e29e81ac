/** The files that carry the version of a release, and the section of the changelog that it needs. Pure. */

/** Three numbers, as in `0.2.0`: releases have no pre-release parts. */
const versionPattern = /^\d+\.\d+\.\d+$/;

interface VersionedFile {
  readonly path: string;
  /** The text before each version in the file. */
  readonly before: RegExp;
  /** How often the version is in the file. */
  readonly count: number;
}

export const versionedFiles: readonly VersionedFile[] = [
  { path: 'package.json', before: /^ {2}"version": "/, count: 1 },
  // The package itself has the version twice: at the top, and as the entry "" of `packages`.
  { path: 'package-lock.json', before: /^(?: {2}| {4}"": \{\n {6}"name": "framegate",\n {6})"version": "/, count: 2 },
  { path: 'clients/python/pyproject.toml', before: /^version = "/, count: 1 },
  { path: 'clients/python/framegate_client/__init__.py', before: /^__version__ = "/, count: 1 },
  { path: 'docs/getting-started/install.md', before: /^\$ npx framegate --version\n/, count: 1 },
];

/** Replaces the version in a file. @throws if the file does not have it as often as it should. */
export function setVersion({ path, before, count }: VersionedFile, text: string, version: string): string {
  const found = new RegExp(`(${before.source})\\d+\\.\\d+\\.\\d+`, 'gm');
  const matches = [...text.matchAll(found)].length;
  if (matches !== count) throw new Error(`${path} has ${matches} versions instead of ${count}`);
  return text.replaceAll(found, (_, kept: string) => kept + version);
}

/** The text of a version's section in the changelog, without its heading; empty if there is none. */
export function changelogSection(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m);
  const heading = new RegExp(`^\\[?${version.replaceAll('.', '\\.')}\\]?(?!\\S)[^\\n]*\\n`);
  return (
    sections
      .find((section) => heading.test(section))
      ?.replace(heading, '')
      .trim() ?? ''
  );
}

/** Whether `next` is a release after `current`. */
export function isNewer(next: string, current: string): boolean {
  const [from, to] = [current, next].map((version) => version.split('.').map(Number));
  for (const [index, number] of (to ?? []).entries()) {
    const before = from?.[index] ?? 0;
    if (number !== before) return number > before;
  }
  return false;
}

export interface ReleaseState {
  readonly version: string;
  readonly current: string;
  readonly branch: string;
  /** The output of `git status --porcelain`. */
  readonly changes: string;
  readonly tags: readonly string[];
  readonly changelog: string;
}

/** What prevents a release; empty if nothing does. */
export function releaseIssues(state: ReleaseState): string[] {
  const { version, current, branch, changes, tags, changelog } = state;
  if (!versionPattern.test(version)) return ['the version must be three numbers, for example 0.2.0'];
  const issues: string[] = [];
  if (!isNewer(version, current)) issues.push(`${version} is not newer than ${current}`);
  if (branch !== 'main') issues.push(`the branch is ${branch}, not main`);
  if (changes !== '') issues.push(`there are uncommitted changes:\n${changes}`);
  if (tags.includes(`v${version}`)) issues.push(`the tag v${version} exists`);
  if (changelogSection(changelog, version) === '')
    issues.push(`CHANGELOG.md has no section ${version}, or it is empty`);
  return issues;
}
