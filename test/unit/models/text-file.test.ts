/** Only small regular files are opened; anything else, even a FIFO, fails immediately. */
import { execFileSync } from 'node:child_process';
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { maxTextFileBytes, readTextFile, requireFile } from '../../../src/models/text-file.ts';

test('reads a file, also through a symbolic link', async (t) => {
  const folder = t.testdir({ 'a.json': '{"é":1}' });
  symlinkSync('a.json', join(folder, 'b.json'));
  t.equal(readTextFile(join(folder, 'a.json')), '{"é":1}');
  t.equal(readTextFile(join(folder, 'b.json')), '{"é":1}');
});

test('rejects a file above the size limit', async (t) => {
  const path = join(t.testdir({ 'a.json': '' }), 'a.json');
  truncateSync(path, maxTextFileBytes);
  t.equal(readTextFile(path).length, maxTextFileBytes);
  truncateSync(path, maxTextFileBytes + 1);
  t.throws(() => readTextFile(path), { message: 'has 1048577 bytes; the limit is 1048576' });
  t.doesNotThrow(() => requireFile(path));
});

test('rejects anything but a regular file without opening it', async (t) => {
  const folder = t.testdir({ sub: {} });
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  symlinkSync('loop', join(folder, 'loop'));
  symlinkSync('/dev/zero', join(folder, 'device'));
  symlinkSync('nothing', join(folder, 'dangling'));
  writeFileSync(join(folder, 'file'), '');
  const reasons = {
    fifo: 'is not a regular file',
    device: 'is not a regular file',
    sub: 'is a folder',
    dangling: 'does not exist',
    loop: /^ELOOP: too many symbolic links/,
  };
  for (const [name, message] of Object.entries(reasons))
    for (const look of [readTextFile, requireFile]) t.throws(() => look(join(folder, name)), { message }, name);
});
