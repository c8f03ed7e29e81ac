/** Durations use the monotonic clock: a jump of the wall clock must not end a hold, a frame or a session. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';

const root = fileURLToPath(new URL('../../src', import.meta.url));

for (const folder of ['cli', 'observe', 'pool', 'server', 'session', 'worker']) {
  test(`src/${folder} does not use the wall clock, except for times that people read`, async (t) => {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
    const files = names.filter((name) => name.endsWith('.ts'));
    t.ok(files.length > 0);
    const asking = files.filter((name) => /\bDate\b/.test(readFileSync(join(root, folder, name), 'utf8')));
    t.strictSame(asking, folder === 'observe' ? ['pretty.ts', 'timestamp.ts'] : []);
  });
}
