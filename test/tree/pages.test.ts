/** What the pages for people say agrees with the code. */
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { replaceDeprecatedFlags } from '../../src/cli/deprecated-flags.ts';
import { loadConfig, renamedVariables } from '../../src/config.ts';
import { ConfigError, httpErrors, streamErrors } from '../../src/errors.ts';

/** The longest README that a newcomer still reads. */
const maxReadmeLines = 130;
/** The part of it that fits on the first screens. */
const readmeTopLines = 45;

const page = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

test('docs/reference/websocket-protocol.md has a row for every code of the stream, with its close code', async (t) => {
  const rows = page('docs/reference/websocket-protocol.md').split('\n');
  for (const [code, { closeCode }] of Object.entries(streamErrors)) {
    const row = rows.filter((line) => line.startsWith(`| \`${code}\``));
    t.ok(row.length > 0, `${code} has a row`);
    for (const line of row) t.match(line, new RegExp(`\\| ${closeCode} \\|`), line);
  }
});

test('docs/reference/websocket-protocol.md knows no code that the gateway does not send', async (t) => {
  const codes = [...page('docs/reference/websocket-protocol.md').matchAll(/^\| `([a-z_]+)` \|/gm)].map(
    ([, code]) => code as string,
  );
  t.ok(codes.length > 0);
  for (const code of codes) t.ok(code in streamErrors, code);
});

test('docs/reference/websocket-protocol.md has every HTTP error with its status and detail', async (t) => {
  const text = page('docs/reference/websocket-protocol.md');
  for (const [code, { status, detail }] of Object.entries(httpErrors)) {
    t.match(text, new RegExp(`\\| ${status.slice(0, 3)} \\| .*"error":"${code}","detail":"${detail}"`), code);
  }
});

test('the README is short, and shows the two commands near its top', async (t) => {
  const lines = page('README.md').trimEnd().split('\n');
  t.ok(lines.length <= maxReadmeLines, `${lines.length} lines`);
  const top = lines.slice(0, readmeTopLines).join('\n');
  for (const command of ['make run', 'make test']) t.ok(top.includes(command), command);
});

/** The rows `| `old` | `new` |` of a section of the upgrade page. */
function renamesOf(heading: string): [string, string][] {
  const section = page('docs/reference/upgrading.md').split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| `([^`]+)` \| `([^`]+)` \|/gm)].map(([, old = '', current = '']) => [old, current]);
}

test('docs/reference/upgrading.md has every renamed variable, and each is read under both names', async (t) => {
  const rows = renamesOf('Environment variables').map(([old, current]) => [current, old]);
  t.strictSame(Object.fromEntries(rows), renamedVariables);
  const { deprecations: _, ...defaults } = loadConfig({});
  for (const [name, oldName] of Object.entries(renamedVariables)) {
    const { deprecations: none, ...current } = loadConfig({ [name]: '7' });
    const { deprecations: lines, ...old } = loadConfig({ [oldName]: '7' });
    t.strictNotSame(current, defaults, `${name} is read`);
    t.strictSame(old, current, `${oldName} means the same`);
    t.strictSame([none, lines], [[], [`${oldName} is deprecated; use ${name}`]]);
  }
});

test('every renamed option of docs/reference/upgrading.md is replaced by its new name', async (t) => {
  const rows = renamesOf('Command-line options');
  t.ok(rows.length > 5);
  for (const [old, current] of rows) {
    const lines: string[] = [];
    const args = replaceDeprecatedFlags(old.split(' ').slice(1), (line) => lines.push(line));
    t.equal(['framegate', ...args].join(' '), current);
    t.equal(lines.length, 1, old);
  }
});

test('every new script and target of docs/reference/upgrading.md exists', async (t) => {
  const { scripts } = JSON.parse(page('package.json')) as { scripts: Record<string, string> };
  const rows = renamesOf('npm scripts and make targets');
  t.ok(rows.length > 5);
  for (const [, current] of rows) {
    const [, tool, name = ''] = /^(make|npm run) (\S+)/.exec(current) ?? [];
    if (tool === 'make') t.match(page('Makefile'), new RegExp(`^${name}:`, 'm'), current);
    else t.ok(scripts[name] !== undefined, current);
  }
});

test('docs/reference/configuration.md has every variable with its default, its range and what it may be', async (t) => {
  const rows = page('docs/reference/configuration.md').split('\n');
  // Minus one is no port, no provider and no level: every variable with a range says what it must be. None has no range.
  const issues = issuesOf(new Proxy({}, { get: () => '-1' }));
  const asked = new Map<string, string>();
  loadConfig(new Proxy({}, { get: (_, name) => void asked.set(String(name), '') }));
  for (const oldName of Object.values(renamedVariables)) asked.delete(oldName);
  for (const name of asked.keys()) {
    const row = rows.filter((line) => line.startsWith(`| \`${name}\` |`));
    t.equal(row.length, 1, name);
    const [, , , range = ''] = row[0]?.split('|') ?? [];
    const issue = issues.find((line) => line.startsWith(`${name} `)) ?? '';
    const [, low, high] = /a number from (\S+) to (\S+);/.exec(issue) ?? [];
    if (low !== undefined) t.equal(range.trim(), `${low} to ${high}`, issue);
    const [, list] = /(?:one of|knows) ([a-z, ]+);/.exec(issue) ?? [];
    if (list !== undefined) t.equal(range.replaceAll(/[` ]/g, ''), list.replaceAll(' ', ''), issue);
  }
});

test('the defaults of docs/reference/configuration.md are those that the configuration falls back to', async (t) => {
  const rows = [...page('docs/reference/configuration.md').matchAll(/^\| `([A-Z_]+)` \| `([^`]+)` \|/gm)];
  t.ok(rows.length > 10);
  const defaults = Object.fromEntries(rows.map(([, name, value]) => [name, value]));
  const { poolWorkers: _, modelsDir: __, ...said } = loadConfig(defaults);
  const { poolWorkers: ___, modelsDir: ____, ...real } = loadConfig({});
  t.same(said, real);
});

function issuesOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    return error instanceof ConfigError ? error.issues : [];
  }
}

test('docs/reference/cli.md has every command', async (t) => {
  const reference = page('docs/reference/cli.md');
  const commands = [...page('src/cli.ts').matchAll(/\.command\('(\w+)'\)/g)].map(([, name]) => name as string);
  t.ok(commands.length > 0);
  for (const name of commands) t.ok(reference.includes(`framegate ${name}`), name);
});

for (const [command, name, fewest] of [
  ['bench', 'docs/operations/benchmarking.md', 11],
  ['camera', 'docs/guides/ip-cameras.md', 8],
] as const) {
  test(`${name} explains every flag of framegate ${command}`, async (t) => {
    const options = page('src/cli.ts').split(`.command('${command}')`)[1]?.split('.action(')[0] ?? '';
    const flags = [...options.matchAll(/--[a-z-]+/g)].map(([flag]) => flag);
    t.ok(flags.length >= fewest);
    for (const flag of flags) t.ok(page(name).includes(`\`${flag}\``), flag);
  });
}
