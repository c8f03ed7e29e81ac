/** What the pages for people say agrees with the code. */
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { loadConfig } from '../../src/config.ts';
import { httpErrors, streamErrors } from '../../src/errors.ts';

const page = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

test('docs/ERROR_CONTRACT.md has a row for every code of the stream, with its close code', async (t) => {
  const rows = page('docs/ERROR_CONTRACT.md').split('\n');
  for (const [code, { closeCode }] of Object.entries(streamErrors)) {
    const row = rows.filter((line) => line.startsWith(`| \`${code}\``));
    t.ok(row.length > 0, `${code} has a row`);
    for (const line of row) t.match(line, new RegExp(`\\| ${closeCode} \\|`), line);
  }
});

test('docs/ERROR_CONTRACT.md knows no code that the gateway does not send', async (t) => {
  const codes = [...page('docs/ERROR_CONTRACT.md').matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, code]) => code as string);
  t.ok(codes.length > 0);
  for (const code of codes) t.ok(code in streamErrors, code);
});

test('docs/ERROR_CONTRACT.md has every HTTP error with its status and detail', async (t) => {
  const text = page('docs/ERROR_CONTRACT.md');
  for (const [code, { status, detail }] of Object.entries(httpErrors)) {
    t.match(text, new RegExp(`\\| ${status.slice(0, 3)} \\| .*"error":"${code}","detail":"${detail}"`), code);
  }
});

test('the README names every variable that the configuration reads', async (t) => {
  const readme = page('README.md');
  const asked = new Set<string>();
  const spy = new Proxy({}, { get: (_, name) => void asked.add(String(name)) });
  loadConfig(spy);
  t.ok(asked.size > 10);
  for (const name of asked) t.ok(readme.includes(`\`${name}\``), name);
});

test('the README tells of every command', async (t) => {
  const readme = page('README.md');
  const commands = [...page('src/cli.ts').matchAll(/\.command\('(\w+)'\)/g)].map(([, name]) => name as string);
  t.ok(commands.length > 0);
  for (const name of commands) t.ok(readme.includes(`framegate ${name}`), name);
});

test('docs/BENCH.md explains every flag of the load harness', async (t) => {
  const bench = page('src/cli.ts').split(".command('bench')")[1]?.split('.action(')[0] ?? '';
  const flags = [...bench.matchAll(/--[a-z-]+/g)].map(([flag]) => flag);
  t.ok(flags.length > 10);
  for (const flag of flags) t.ok(page('docs/BENCH.md').includes(`\`${flag}\``), flag);
});
