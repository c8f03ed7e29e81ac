/** Python escape sequences are decoded as Python does, and class names survive a round trip through Python. */
import { execFileSync } from 'node:child_process';
import { test } from 'tap';
import { parseClassNames } from '../../../src/models/metadata.ts';
import { unescapePython } from '../../../src/models/python-string.ts';
import { seededRandom } from '../../support/seeded-random.ts';

test('decodes every Python escape', async (t) => {
  const cases: [escaped: string, meant: string][] = [
    [String.raw`tab\there`, 'tab\there'],
    [String.raw`\a\b\f\n\r\t\v`, '\x07\b\f\n\r\t\v'],
    [String.raw`back\\slash\\n`, 'back\\slash\\n'],
    [String.raw`it\'s \"both\"`, `it's "both"`],
    [String.raw`caf\xe9 \x41`, 'café A'],
    [String.raw`\u00e9\u8ECA`, 'é車'],
    [String.raw`\U0001f697`, '🚗'],
    [String.raw`\0\101\1018\777`, '\0AA8ǿ'],
    ['two \\\nlines', 'two lines'],
    ['plain Ä 車', 'plain Ä 車'],
  ];
  for (const [escaped, meant] of cases) t.equal(unescapePython(escaped), meant, escaped);
});

test('unknown escapes keep their backslash', async (t) => {
  for (const text of [
    String.raw`\d \8 \T \X41`,
    String.raw`\N{BULLET}`,
    String.raw`\U00110000`,
    String.raw`\xg1 \u12 \x`,
  ]) {
    t.equal(unescapePython(text), text);
  }
});

test('decodes escapes in class names, in a dict and in a list', async (t) => {
  t.same(parseClassNames(String.raw`{0: 'tab\there', 1: "l\xe0 l'autre", 2: '\\', 3: '\'"'}`), [
    'tab\there',
    "là l'autre",
    '\\',
    `'"`,
  ]);
  t.same(parseClassNames(String.raw`['a\'b', 'c\nd']`), ["a'b", 'c\nd']);
  t.same(parseClassNames("{0: 'one \\\nline', 1: 'b'}"), ['one line', 'b']);
});

/** Compared with Python itself, if it is installed. */
const noPython = (() => {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'there is no python3';
  }
})();

test('text printed by Python is decoded to the original', { skip: noPython }, async (t) => {
  const random = seededRandom(11);
  const special = [
    "'",
    '"',
    '\\',
    '\n',
    '\t',
    '\x1b',
    '\x7f',
    '\x85',
    '\xa0',
    '\xad',
    'é',
    '\u200b',
    '車',
    '🚗',
    '{',
    ',',
    ' 1: ',
  ];
  const names = Array.from({ length: 500 }, () =>
    Array.from({ length: Math.floor(random() * 8) }, () =>
      random() < 0.5
        ? (special[Math.floor(random() * special.length)] as string)
        : String.fromCodePoint(Math.floor(random() * 0x300)),
    ).join(''),
  );
  const printer = "import json, sys; print(ascii(str(dict(enumerate(json.load(sys.stdin))))), end='')";
  const printed = execFileSync('python3', ['-c', printer], { input: JSON.stringify(names), encoding: 'utf8' });
  // `ascii` quotes the dict's text once more, so no encoding can change it.
  t.same(parseClassNames(unescapePython(printed.slice(1, -1))), names);
});
