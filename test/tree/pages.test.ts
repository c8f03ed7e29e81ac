/** The documentation agrees with the code: error codes, HTTP errors, variables, commands, and options. */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'tap';
import { pageOf } from '../../bench/suite/page.ts';
import type { SuiteRecord } from '../../bench/suite/record.ts';
import { replaceDeprecatedFlags } from '../../src/cli/deprecated-flags.ts';
import { loadConfig, renamedVariables } from '../../src/config.ts';
import { ConfigError, httpErrors, streamErrors } from '../../src/errors.ts';
import { adminRoutes } from '../../src/server/admin.ts';

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

test('docs/reference/websocket-protocol.md lists no code that the gateway does not send', async (t) => {
  const codes = [...page('docs/reference/websocket-protocol.md').matchAll(/^\| `([a-z_]+)` \|/gm)].map(
    ([, code]) => code as string,
  );
  t.ok(codes.length > 0);
  for (const code of codes) t.ok(code in streamErrors, code);
});

test('docs/reference/http-api.md has every HTTP error with its status and detail', async (t) => {
  const text = page('docs/reference/http-api.md');
  for (const [code, { status, detail }] of Object.entries(httpErrors)) {
    t.match(text, new RegExp(`\\| ${status.slice(0, 3)} \\| .*"error":"${code}","detail":"${detail}"`), code);
  }
});

test('docs/reference/http-api.md has a row for every route of the operator', async (t) => {
  const text = page('docs/reference/http-api.md');
  const metrics = { text: async () => '', contentType: 'text/plain' };
  const ended = { list: [], earlierOf: () => ({ reconnects: 0, cuts: 0 }) };
  const refused = { list: () => [] };
  const paths = [...adminRoutes({ sessions: [], ended, refused, workers: () => 1, metrics }).keys()];
  t.strictSame(paths, ['/sessions', '/metrics']);
  for (const path of paths) t.match(text, new RegExp(`^\\| \\[?\`GET ${path}\`.* \\| 200 \\|`, 'm'), path);
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
  // -1 is not a valid port, provider, or level, so every variable with a range reports it.
  const issues = issuesOf(new Proxy({}, { get: () => '-1' }));
  const asked = new Map<string, string>();
  loadConfig(new Proxy({}, { get: (_, name) => void asked.set(String(name), '') }));
  for (const oldName of Object.values(renamedVariables)) asked.delete(oldName);
  for (const name of asked.keys()) {
    const row = rows.filter((line) => line.startsWith(`| \`${name}\` |`));
    t.equal(row.length, 1, name);
    const [, , , range = ''] = row[0]?.split('|') ?? [];
    const issue = issues.find((line) => new RegExp(`^${name}\\b`).test(line)) ?? '';
    const [, low, high] = /\bfrom ([\d.]+) to (\d+)/.exec(issue) ?? [];
    if (low !== undefined) t.equal(range.trim(), `${low} to ${high}`, issue);
    const [, list] = /one of ([a-z]+(?:, [a-z]+)*)/.exec(issue) ?? [];
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

/** The options of each command of src/cli.ts that its help shows, by the command's name. */
function optionsOfCommands(): Map<string, string[]> {
  const [, ...sources] = page('src/cli.ts').split(/\.command\('/);
  return new Map(
    sources.map((source) => {
      const name = /^\w+/.exec(source)?.[0] ?? '';
      const declared = (source.split('.action(')[0] ?? '').split(/(?=\.(?:addO|o)ption\()/).slice(1);
      const shown = declared.filter((option) => !option.includes('hideHelp'));
      return [name, shown.flatMap((option) => /--[a-z-]+/.exec(option)?.[0] ?? [])];
    }),
  );
}

for (const [command, name, min] of [
  ['bench', 'docs/operations/benchmarking.md', 11],
  ['camera', 'docs/guides/ip-cameras.md', 8],
] as const) {
  test(`${name} explains every option of framegate ${command}`, async (t) => {
    const options = optionsOfCommands().get(command) ?? [];
    t.ok(options.length >= min);
    for (const option of options) t.ok(page(name).includes(`\`${option}\``), option);
  });
}

test('docs/reference/cli.md has a section for every command, with a row for every option', async (t) => {
  const commands = optionsOfCommands();
  t.ok(commands.size > 5);
  const sections = page('docs/reference/cli.md').split(/^## /m);
  for (const [command, options] of commands) {
    const section =
      sections.find((text) => new RegExp(`^framegate (?:models |token |gpu )?${command}\\n`).test(text)) ?? '';
    t.not(section, '', command);
    for (const option of options) t.match(section, new RegExp(`^\\|.*\`${option}[ \`]`, 'm'), `${command} ${option}`);
  }
});

test('docs/operations/benchmark-results.md is what the suite writes for its newest record', async (t) => {
  const newest = readdirSync(new URL('../../bench/results', import.meta.url))
    .sort()
    .at(-1);
  const record = JSON.parse(page(`bench/results/${newest}`)) as SuiteRecord;
  t.equal(page('docs/operations/benchmark-results.md'), pageOf(record, record.machine, record).markdown);
});
