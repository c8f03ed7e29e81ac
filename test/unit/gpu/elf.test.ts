/** What a library needs, from small ELF files and from ONNX Runtime's own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { readElfNeeds } from '../../../src/gpu/elf.ts';
import { installedRuntime, runtimeLibrary } from '../../../src/gpu/folders.ts';
import { Linker } from '../../../src/gpu/linker.ts';
import { tinyElf } from '../../support/tiny-elf.ts';

test('reads the names of needed libraries and the search path', async (t) => {
  const path = join(t.testdir(), 'lib.so');
  writeFileSync(path, tinyElf({ needed: ['liba.so.1', 'libb.so.2'], runpath: '$ORIGIN:/opt/x' }));
  t.strictSame(readElfNeeds(path), { needed: ['liba.so.1', 'libb.so.2'], searchPath: ['$ORIGIN', '/opt/x'] });
});

test('a file that is missing, cut off, or something else needs nothing', async (t) => {
  const folder = t.testdir({ text: 'no library', empty: '' });
  writeFileSync(join(folder, 'cut'), tinyElf({ needed: ['liba.so.1'] }).subarray(0, 100));
  for (const name of ['text', 'empty', 'cut', 'absent']) t.equal(readElfNeeds(join(folder, name)), undefined, name);
});

const linux = process.platform === 'linux' ? {} : { skip: 'ELF files are on Linux only' };

test('reads ONNX Runtime, of which nothing is missing here', linux, async (t) => {
  const path = join(installedRuntime().folder, runtimeLibrary);
  const needs = readElfNeeds(path);
  t.ok(needs?.needed.includes('libstdc++.so.6'));
  t.strictSame(needs?.searchPath, ['$ORIGIN']);
  t.strictSame(new Linker([]).missing(path), []);
});

test('finds missing libraries through others, and each once', async (t) => {
  const folder = t.testdir({ a: {}, b: {} });
  writeFileSync(join(folder, 'a/top.so'), tinyElf({ needed: ['mid.so.1', 'gone.so.1'], runpath: '$ORIGIN' }));
  writeFileSync(join(folder, 'a/mid.so.1'), tinyElf({ needed: ['low.so.1', 'gone.so.1'] }));
  writeFileSync(join(folder, 'b/low.so.1'), tinyElf({ needed: ['deep.so.1', 'mid.so.1'] }));
  const linker = new Linker([join(folder, 'b')], folder);
  t.strictSame(linker.missing(join(folder, 'a/top.so')).sort(), ['deep.so.1', 'gone.so.1']);
});

test('finds libraries by the cache and in the default folders', async (t) => {
  const folder = t.testdir({
    etc: { 'ld.so.cache': 'ld.so-1.7.0\0\0\0libx.so.2\0/opt/x/libx.so.2\0liby.so.1\0' },
    opt: { x: { 'libx.so.2': '' } },
    usr: { lib64: { 'libz.so.1': '' } },
  });
  const linker = new Linker([], folder);
  t.equal(linker.find('libx.so.2'), join(folder, 'opt/x/libx.so.2'));
  t.equal(linker.find('libz.so.1'), join(folder, 'usr/lib64/libz.so.1'));
  t.equal(linker.find('liby.so.1'), undefined);
  t.strictSame(linker.versionsOf('libx.so.'), ['libx.so.2']);
});
