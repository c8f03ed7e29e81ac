/** The documentation agrees with the code. */
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { loadConfig, renamedVariables } from '../../src/config.ts';
import { ConfigError, httpErrors, streamErrors } from '../../src/errors.ts';

const page = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

test('docs/reference/websocket-protocol.md has a row for every code of the stream, with its close code', async (t) => {
  const rows = page('docs/reference/websocket-protocol.md').split('\n');
  for (const [code, { closeCode }] of Object.entries(streamErrors)) {
    const row = rows.filter((line) => line.startsWith(`| \`${code}\``));
    t.ok(row.length > 0, `${code} has a row`);
    for (const line of row) t.match(line, new RegExp(`\\| ${closeCode} \\|`), line);
  }
});

test('docs/reference/websocket-protocol.md lists only codes that the gateway sends', async (t) => {
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

test('the README lists every variable that the configuration reads', async (t) => {
  const readme = page('README.md');
  const read = new Set<string>();
  const spy = new Proxy({}, { get: (_, name) => void read.add(String(name)) });
  loadConfig(spy);
  for (const oldName of Object.values(renamedVariables)) read.delete(oldName);
  t.ok(read.size > 10);
  for (const name of read) t.ok(readme.includes(`\`${name}\``), name);
});

test('docs/reference/configuration.md has every variable with its default and range', async (t) => {
  const rows = page('docs/reference/configuration.md').split('\n');
  // -1 is not a valid port, provider or level: every variable with a range reports what is expected. A variable without an issue has no range.
  const issues = issuesOf(new Proxy({}, { get: () => '-1' }));
  const read = new Map<string, string>();
  loadConfig(new Proxy({}, { get: (_, name) => void read.set(String(name), '') }));
  for (const oldName of Object.values(renamedVariables)) read.delete(oldName);
  for (const name of read.keys()) {
    const row = rows.filter((line) => line.startsWith(`| \`${name}\` |`));
    t.equal(row.length, 1, name);
    const [, , , range = ''] = row[0]?.split('|') ?? [];
    const issue = issues.find((line) => /^\w+/.exec(line)?.[0] === name) ?? '';
    const [, low, high] = /a number from (\S+) to (\S+);/.exec(issue) ?? [];
    if (low !== undefined) t.equal(range.trim(), `${low} to ${high}`, issue);
    const [, list] = /one of ([a-z, ]+)(?:;|$)/.exec(issue) ?? [];
    if (list !== undefined) t.equal(range.replaceAll(/[` ]/g, ''), list.replaceAll(' ', ''), issue);
  }
});

test('the defaults in docs/reference/configuration.md match the configuration', async (t) => {
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

test('the README lists every command', async (t) => {
  const readme = page('README.md');
  const commands = [...page('src/cli.ts').matchAll(/\.command\('(\w+)'\)/g)].map(([, name]) => name as string);
  t.ok(commands.length > 0);
  for (const name of commands) t.ok(readme.includes(`framegate ${name}`), name);
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
