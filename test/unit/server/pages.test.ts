/** The console's files: read from the built folder, or one clear error. */
import { pathToFileURL } from 'node:url';
import { test } from 'tap';
import { ConfigError } from '../../../src/errors.ts';
import { loadPages } from '../../../src/server/pages.ts';

const built = {
  'index.html': '<p>',
  'cameras.html': '<table>',
  'cameras.js': 'poll()',
  'main.js': 'run()',
  'main.css': 'p{}',
  'favicon.svg': '<svg/>',
};

test('each file of the folder gets its path, type and ETag', (t) => {
  const pages = loadPages(pathToFileURL(`${t.testdir({ ...built, 'other.js': 'not served' })}/`));
  t.strictSame(
    [...pages].map(([path, { type, bytes }]) => [path, type, Buffer.from(bytes).toString()]),
    [
      ['/', 'text/html; charset=utf-8', '<p>'],
      ['/cameras', 'text/html; charset=utf-8', '<table>'],
      ['/web/cameras.js', 'text/javascript; charset=utf-8', 'poll()'],
      ['/web/main.js', 'text/javascript; charset=utf-8', 'run()'],
      ['/web/main.css', 'text/css; charset=utf-8', 'p{}'],
      ['/web/favicon.svg', 'image/svg+xml', '<svg/>'],
    ],
  );
  t.equal(new Set([...pages.values()].map(({ etag }) => etag)).size, 6);
  t.end();
});

test('a missing file is an error that names it and the command to run', (t) => {
  const { 'main.css': _, ...incomplete } = built;
  const folder = t.testdir(incomplete);
  t.throws(() => loadPages(pathToFileURL(`${folder}/`)), {
    constructor: ConfigError,
    message: `console file ${folder}/main.css is missing; run "make build"`,
  });
  t.end();
});
