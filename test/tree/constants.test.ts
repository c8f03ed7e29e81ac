/** The constants page agrees with the source: each constant is in the file that the page names, with the value that it shows. */
import { readFileSync } from 'node:fs';
import { test } from 'tap';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Rows: constant, value, file. */
const row = /^\| `(\w+)` \| `([^`]+)` \| `([^`]+)` \|/gm;

test('every row of docs/internals/constants.md matches the source', async (t) => {
  const rows = [...read('docs/internals/constants.md').matchAll(row)];
  t.ok(rows.length > 50);
  for (const [, name = '', value = '', path = ''] of rows) {
    const found = new RegExp(`^(?:export )?const ${name} = (.+);$`, 'm').exec(read(path))?.[1];
    t.equal(found, value, `${path}: ${name}`);
  }
});
