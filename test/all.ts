/** Runs the given test files, or all except `test/long`, several at a time, each in a plain Node process as a user would start it. */
import { globSync } from 'node:fs';
import t from 'tap';

/** More than the typical number of cores: many tests wait for servers, cameras and timeouts. */
const filesAtOnce = 3;
const fileTimeoutMs = 240_000;

/**
 * With this variable, tap hooks into module loading in every process and thread that a test starts, for coverage and `--changed`.
 * Neither is used here, and without it a gateway starts in half the time.
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
