/** Durations are measured with the monotonic clock: a wall clock that jumps must end no hold, no frame and no session. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';

const root = fileURLToPath(new URL('../../src', import.meta.url));

for (const folder of ['cli', 'observe', 'pool', 'server', 'session', 'worker']) {
  test(`src/${folder} never asks what time of day it is, but for the times in the log`, async (t) => {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
    const files = names.filter((name) => name.endsWith('.ts'));
    t.ok(files.length > 0);
    const asking = files.filter((name) => /\bDate\b/.test(readFileSync(join(root, folder, name), 'utf8')));
    t.strictSame(asking, folder === 'observe' ? ['log.ts'] : []);
  });
}
