/** `gpu install` with small wheels and the real pip: complete, repeated, repaired, interrupted, refused. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { runtimeLibrary } from '../../../src/gpu/folders.ts';
import { install, planInstall } from '../../../src/gpu/install.ts';
import { indexEnvironment, missingPip, writeWheel } from '../../support/small-wheels.ts';

const reason = missingPip();
const options = reason === undefined ? {} : { skip: reason };

/** Two wheels, and an onnxruntime-node of version 1.2.3. */
function setUp(t: Test) {
  const root = t.testdir({ index: {}, runtime: { [runtimeLibrary]: 'runtime' } });
  const index = join(root, 'index');
  const wheels = [
    writeWheel(index, 'onnxruntime-gpu', '1.2.3', { 'onnxruntime/capi/liba.so': 'aaaa', 'onnxruntime/x.py': 'x' }),
    writeWheel(index, 'nvidia-cublas', '13.0', { 'nvidia/lib/libb.so.13': 'bb', 'nvidia/lib/libc.so.13': 'ccc' }),
  ];
  const plan = {
    folder: join(root, 'libraries'),
    wheels,
    runtime: { version: '1.2.3', folder: join(root, 'runtime') },
  };
  const lines: string[] = [];
  const settings = {
    env: indexEnvironment(index),
    platform: 'linux-x64',
    showProgress: false,
    signal: new AbortController().signal,
    report: (line: string) => void lines.push(line),
  };
  return { root, index, plan, settings, lines };
}

test('downloads, unpacks only the libraries, and does nothing the second time', options, async (t) => {
  const { plan, settings, lines } = setUp(t);
  const umask = process.umask(0o077);
  t.equal(await install(planInstall(plan), settings), undefined);
  process.umask(umask);
  t.strictSame(readdirSync(plan.folder).sort(), ['nvidia-cublas-13.0', 'onnxruntime-gpu-1.2.3']);
  const providers = join(plan.folder, 'onnxruntime-gpu-1.2.3');
  t.strictSame(readdirSync(providers).sort(), ['liba.so', runtimeLibrary]);
  t.equal(readFileSync(join(providers, 'liba.so'), 'utf8'), 'aaaa');
  for (const path of [plan.folder, providers]) t.equal(statSync(path).mode & 0o777, 0o755, path);
  for (const name of readdirSync(providers)) t.equal(statSync(join(providers, name)).mode & 0o777, 0o644, name);
  t.match(lines[0], /^1\/2 onnxruntime-gpu 1\.2\.3: downloading/);
  t.strictSame(planInstall(plan).missing, []);
});

test('repairs only what is missing or has another size', options, async (t) => {
  const { plan, settings, lines } = setUp(t);
  await install(planInstall(plan), settings);
  truncateSync(join(plan.folder, 'nvidia-cublas-13.0/libb.so.13'), 1);
  lines.length = 0;
  t.strictSame(
    planInstall(plan).missing.map(({ name }) => name),
    ['nvidia-cublas'],
  );
  t.equal(await install(planInstall(plan), settings), undefined);
  t.ok(lines.every((line) => line.startsWith('1/1 nvidia-cublas')));
  rmSync(join(plan.folder, 'onnxruntime-gpu-1.2.3', runtimeLibrary));
  t.strictSame(
    planInstall(plan).missing.map(({ name }) => name),
    ['onnxruntime-gpu'],
  );
});

test('another version replaces the one before, and what an interrupted run left is removed', options, async (t) => {
  const { index, plan, settings } = setUp(t);
  await install(planInstall(plan), settings);
  // No process has this number.
  for (const name of ['.partial-4194305-x', 'notes']) mkdirSync(join(plan.folder, name));
  const [providers, cublas] = plan.wheels;
  const newer = writeWheel(index, 'nvidia-cublas', '13.1', { 'nvidia/lib/libb.so.13': 'bb' });
  const next = { ...plan, wheels: providers === undefined ? [] : [providers, newer] };
  t.equal(await install(planInstall(next), settings), undefined);
  t.strictSame(readdirSync(plan.folder).sort(), ['notes', 'nvidia-cublas-13.1', 'onnxruntime-gpu-1.2.3']);
  t.equal(cublas?.version, '13.0');
});

test('a wheel with another checksum or another content is refused, and leaves nothing', options, async (t) => {
  const { plan, settings } = setUp(t);
  const [providers, cublas] = plan.wheels;
  if (providers === undefined || cublas === undefined) throw new Error('two wheels');
  const wrongHash = { ...cublas, requirement: cublas.requirement.replace(/\w{64}$/, '0'.repeat(64)) };
  t.match(await install(planInstall({ ...plan, wheels: [wrongHash] }), settings), /DO NOT MATCH THE HASHES/);
  const wrongSize = { ...cublas, files: [{ name: 'libb.so.13', bytes: 3 }] };
  t.match(
    await install(planInstall({ ...plan, wheels: [wrongSize] }), settings),
    /libb\.so\.13 has 2 bytes; expected 3$/,
  );
  const more = { ...cublas, files: [...cublas.files, { name: 'libd.so.1', bytes: 1 }] };
  t.match(await install(planInstall({ ...plan, wheels: [more] }), settings), /does not contain libd\.so\.1$/);
  t.strictSame(readdirSync(plan.folder), []);
});

test('an interrupted run leaves nothing that looks complete', options, async (t) => {
  const { plan, settings } = setUp(t);
  const aborted = new AbortController();
  const report = (line: string) => line.startsWith('2/2') && aborted.abort();
  t.type(await install(planInstall(plan), { ...settings, signal: aborted.signal, report }), 'string');
  t.strictSame(readdirSync(plan.folder), ['onnxruntime-gpu-1.2.3']);
  t.strictSame(
    planInstall(plan).missing.map(({ name }) => name),
    ['nvidia-cublas'],
  );
  t.equal(await install(planInstall(plan), settings), undefined);
});

test(
  'refuses other platforms, other versions, too little space, and a folder that cannot be written',
  options,
  async (t) => {
    const { root, plan, settings } = setUp(t);
    const planned = planInstall(plan);
    t.match(await install(planned, { ...settings, platform: 'darwin-arm64' }), /^CUDA is available for Linux x64 only/);
    const other = { ...planned, runtime: { ...planned.runtime, version: '1.2.4' } };
    t.match(await install(other, settings), /^onnxruntime-node is 1\.2\.4, but/);
    t.match(await install({ ...planned, neededBytes: 1e18 }, settings), /MB are needed, and \d+ MB are free; set GPU_/);
    writeFileSync(join(root, 'file'), '');
    const inFile = { ...planned, folder: join(root, 'file/libraries') };
    t.match(await install(inFile, settings), /cannot be written \(ENOTDIR\); run this as the user who/);
  },
);

test('a Python that is missing, or has no pip, gets one clear line', async (t) => {
  const root = t.testdir({ bin: {}, none: {} });
  writeFileSync(join(root, 'bin/python3'), '#!/bin/sh\necho "/usr/bin/python3: No module named pip" >&2\nexit 1\n');
  chmodSync(join(root, 'bin/python3'), 0o755);
  const wheel = {
    name: 'x',
    version: '1',
    requirement: 'x==1',
    downloadBytes: 1,
    files: [{ name: 'libx.so', bytes: 1 }],
  };
  const runtime = { version: '1.2.3', folder: root };
  const run = (path: string) =>
    install(planInstall({ folder: join(root, 'libraries'), wheels: [wheel], runtime }), {
      env: { PATH: path },
      platform: 'linux-x64',
      showProgress: false,
      signal: new AbortController().signal,
      report: () => undefined,
    });
  t.match(await run(join(root, 'bin')), /^x: Python has no pip; install it/);
  t.equal(await run(join(root, 'none')), 'x: python3 is missing; install Python 3 with pip');
  t.notOk(existsSync(join(root, 'libraries/x-1')));
});
