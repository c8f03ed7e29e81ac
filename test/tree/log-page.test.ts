/** docs/operations/log.md has every event of the log, with its level and an example, and no other event. */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'tap';
import { eventNames } from '../../src/observe/event-names.ts';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/operations/log.md', root), 'utf8');
const rows = [...page.matchAll(/^\| `([a-z_]+)` \| ((?:debug|info|warn|error|fatal)[^|]*) \|/gm)].map(
  ([, event = '', levels = '']) => [event, levels] as const,
);
const examples = [...page.matchAll(/^\{"level".*$/gm)].map(([line]) => JSON.parse(line) as Record<string, unknown>);
const levelNames: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };

test('every event has exactly one row', async (t) => {
  t.strictSame(rows.map(([event]) => event).sort(), [...eventNames].sort());
});

test('every event has an example at its level, with the keys that its row names', async (t) => {
  for (const [event, levels] of rows) {
    const found = examples.filter((example) => example['event'] === event);
    t.ok(found.length > 0, event);
    for (const { level } of found) t.match(levels, levelNames[Number(level)] ?? 'none', event);
  }
});

test('every event is logged somewhere', async (t) => {
  const source = readdirSync(new URL('src', root), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('event-names.ts'))
    .map((name) => readFileSync(new URL(`src/${name}`, root), 'utf8'))
    .join('\n');
  for (const event of eventNames) t.ok(source.includes(`'${event}'`), event);
});
