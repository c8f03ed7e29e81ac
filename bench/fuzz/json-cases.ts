/** JSON fuzz cases: changed values, keys with a special meaning in JavaScript, invalid numbers. */
import { below, type Case, pick, type Random } from './target.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Placeholders for text that `JSON.stringify` never writes. */
const raw: Readonly<Record<string, string>> = {
  '@nan': 'NaN',
  '@infinity': '1e999',
  '@minus-zero': '-0',
  '@hex': '0x10',
  '@deep': `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
  '@open': '[['.repeat(20_000),
  '@proto': '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
};

const longText = 100_000;
const values: readonly Json[] = [
  ...Object.keys(raw),
  ...[null, true, false, 0, -1, 1, 0.5, 1e9, 2 ** 53, -(2 ** 31), 1e300, '', ' ', 'a', [], {}, [[]], [null]],
  ...['__proto__', 'constructor', '../../etc/passwd', 'a/b', 'a\0b', '\x1b[31m', 'two\nlines', '\u202e', '\ud800'],
  ...['é'.repeat(300), 'x'.repeat(longText), 'plate-yolo', '/dev/zero', '.', '..', 'decode'],
];
const keys = [
  '__proto__',
  'constructor',
  'toString',
  '',
  '\x1b[31m',
  'x'.repeat(longText),
  'id',
  'params',
  'load',
  'limits',
];

/** Locations of all nested values. */
function placesOf(value: Json): { readonly owner: Json[] | { [key: string]: Json }; readonly key: string }[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => [{ owner: value, key }, ...placesOf(inner)]);
}

function set(owner: Json[] | { [key: string]: Json }, key: string, value: Json): void {
  // Assigning to `__proto__` would change the prototype.
  Object.defineProperty(owner, key, { value, enumerable: true, configurable: true, writable: true });
}

type Change = (random: Random, root: Json) => void;

function changeAny(change: (random: Random, owner: Json[] | { [key: string]: Json }, key: string) => void): Change {
  return (random, root) => {
    const places = placesOf(root);
    if (places.length === 0) return;
    const { owner, key } = pick(random, places);
    change(random, owner, key);
  };
}

const changes: Readonly<Record<string, Change>> = {
  'value changed': changeAny((random, owner, key) => set(owner, key, structuredClone(pick(random, values)))),
  'value removed': changeAny((_, owner, key) => {
    if (Array.isArray(owner)) owner.splice(Number(key), 1);
    else delete owner[key];
  }),
  'value duplicated': changeAny((random, owner, key) => {
    const copy = structuredClone((owner as { [key: string]: Json })[key] ?? null);
    if (Array.isArray(owner)) owner.splice(Number(key), 0, copy);
    else set(owner, pick(random, keys), copy);
  }),
  'key added': changeAny((random, owner) => {
    if (!Array.isArray(owner)) set(owner, pick(random, keys), structuredClone(pick(random, values)));
  }),
  'value copied': (random, root) => {
    const places = placesOf(root);
    if (places.length === 0) return;
    const from = pick(random, places);
    const to = pick(random, places);
    set(to.owner, to.key, structuredClone((from.owner as { [key: string]: Json })[from.key] ?? null));
  },
};

const names = Object.keys(changes);
const maxChanges = 3;

function textOf(root: Json): string {
  const text = JSON.stringify(root) ?? 'null';
  return text.replace(/"(@[a-z-]+)"/g, (whole, name: string) => raw[name] ?? whole);
}

/** Applies random changes to a JSON value. */
export function makeJson(random: Random, fallback: Json): Case {
  const root = structuredClone(fallback);
  const done = Array.from({ length: 1 + below(random, maxChanges) }, () => pick(random, names));
  for (const name of done) changes[name]?.(random, root);
  return { bytes: Buffer.from(textOf(root)), what: done.join(', ') };
}
