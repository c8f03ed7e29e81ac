/**
 * Builds the console again if `dist/web` is older than a source. Imported for this effect by whatever serves the page. Tests only.
 *
 * A gateway serves the built page even when it runs from source, so that the gateway needs no bundler. `make test` builds first, but
 * `node test/….test.ts` after an edit would test the old page.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);
const changedMs = (path: string) => statSync(new URL(path, root), { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** As in the Makefile, all of `src`. Folders count too: they change when a file is renamed or removed. */
const sources = readdirSync(new URL('src', root), { recursive: true, encoding: 'utf8' }).map((name) => `src/${name}`);

if (['package.json', 'src', ...sources].some((path) => changedMs(path) > changedMs('dist/web/main.js'))) {
  // Standard output is for the results of the test.
  execFileSync('npm', ['--silent', 'run', 'build:page'], {
    cwd: fileURLToPath(root),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
