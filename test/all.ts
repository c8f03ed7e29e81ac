/** Runs test files, those of its arguments or all but `test/long`, some at once, each in a Node as a user's: what it starts starts as it does for a user. */
import { globSync } from 'node:fs';
import t from 'tap';

/** More than the usual cores: many tests wait for servers, cameras and timeouts. */
const filesAtOnce = 3;
const fileTimeoutMs = 240_000;

/**
 * By this variable tap hooks into the loading of modules in every process and thread that a test starts, for coverage and for `--changed`.
 * Neither is used here, and a gateway starts in half the time without.
 */
const withoutHooks = ['-u', 'NODE_OPTIONS', process.execPath];

const named = process.argv.slice(2);
const files =
  named.length > 0
    ? named
    : globSync('test/**/*.test.ts')
        .filter((file) => !file.startsWith('test/long/'))
        .sort();
t.jobs = filesAtOnce;
for (const file of files) {
  t.spawn('env', [...withoutHooks, file], { buffered: true, timeout: fileTimeoutMs, at: null, stack: '' }, file);
}
