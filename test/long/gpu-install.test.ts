/** The real libraries, 1.2 GB: they install, need nothing else, and get as far as the driver, which is a stub without a device. */
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import tap, { test } from 'tap';
import { libraryPathFor } from '../../src/gpu/folders.ts';
import { readProviderFacts } from '../../src/gpu/read-facts.ts';
import { runCli } from '../support/gateway.ts';
import { compileLibrary, otherPlatform } from '../support/gpu-libraries.ts';
import { missingPip } from '../support/small-wheels.ts';

/** The download, from a slow mirror. */
const timeoutMs = 1_200_000;
tap.setTimeout(timeoutMs);

/** NVIDIA's driver on a machine without a device: every call fails with CUDA_ERROR_NO_DEVICE. */
const driver = `
#include <string.h>
static int fail(void) { return 100; }
int cuInit(unsigned flags) { return 100; }
int cuTensorMapEncodeTiled(void) { return 100; }
int cuDriverGetVersion(int *version) { *version = 13000; return 0; }
int cuGetProcAddress_v2(const char *name, void **found, int version, unsigned long flags, int *status) {
  *found = (void *)fail;
  if (!strcmp(name, "cuDriverGetVersion")) *found = (void *)cuDriverGetVersion;
  if (!strncmp(name, "cuGetProcAddress", 16)) *found = (void *)cuGetProcAddress_v2;
  if (status) *status = 0;
  return 0;
}
int cuGetProcAddress(const char *name, void **found, int version, unsigned long flags) {
  return cuGetProcAddress_v2(name, found, version, flags, 0);
}
`;

const folder = tap.testdir({ libraries: {}, driver: {} });
const driverFolder = join(folder, 'driver');
const env = { GPU_LIBRARIES_DIR: join(folder, 'libraries') };
const compiler =
  otherPlatform ??
  missingPip() ??
  compileLibrary(join(driverFolder, 'libcuda.so.1'), driver, ['-Wl,-soname,libcuda.so.1']);
const installed = compiler === undefined ? await runCli(['gpu', 'install'], env, timeoutMs) : undefined;
/** pip's words if its index cannot be reached, or does not have the wheels. */
const offline = /No matching distribution|Could not (?:find|fetch|connect)|ConnectionError|Max retries/.exec(
  installed?.stderr ?? '',
);
const reason = compiler ?? (offline === null ? undefined : `the wheels cannot be downloaded: ${installed?.stderr}`);
const options = reason === undefined ? {} : { skip: reason };

test('installs everything, and nothing the second time', options, async (t) => {
  t.equal(installed?.code, 0, `${installed?.stderr}`);
  t.match(installed?.stdout, /done; run `framegate gpu check` next\n$/);
  const again = await runCli(['gpu', 'install'], env);
  t.equal(again.code, 0, again.stderr);
  t.match(again.stdout, /nothing to do\n$/);
});

test('no library is missing but that of the driver', options, async (t) => {
  const libraryPath = libraryPathFor(env) ?? '';
  const { libraries } = readProviderFacts({ env: { LD_LIBRARY_PATH: libraryPath } });
  t.strictSame(
    libraries.cuda.missing.filter((name) => name !== 'libcuda.so.1'),
    [],
  );
  const withDriver = readProviderFacts({ env: { LD_LIBRARY_PATH: `${libraryPath}:${driverFolder}` } });
  t.strictSame(withDriver.libraries.cuda.missing, []);
  t.equal(withDriver.libraries.cuda.version, withDriver.runtimeVersion);
});

test('with a driver that has no device, the check says so', options, async (t) => {
  const { stdout } = await runCli(['gpu', 'check', '--json'], { ...env, LD_LIBRARY_PATH: driverFolder });
  const list = JSON.parse(stdout) as { provider: string }[];
  const cuda = list.find(({ provider }) => provider === 'cuda');
  t.match(cuda, { usable: false, reason: 'the NVIDIA driver finds no device', error: /CUDA failure 100/ });
  t.match(
    list.find(({ provider }) => provider === 'cpu'),
    { usable: true },
  );
});

test('a library that is damaged afterwards is found and replaced', options, async (t) => {
  const [path = ''] = (libraryPathFor(env) ?? '').split(':').filter((each) => each.includes('nvidia-cuda-runtime'));
  const file = join(path, 'libcudart.so.13');
  const { size } = statSync(file);
  rmSync(file);
  const broken = await runCli(['gpu', 'check', '--json'], { ...env, LD_LIBRARY_PATH: driverFolder });
  t.match(broken.stdout, /"reason":"libcudart\.so\.13 is missing/);
  const repaired = await runCli(['gpu', 'install'], env, timeoutMs);
  t.equal(repaired.code, 0, repaired.stderr);
  t.match(repaired.stdout, /1\/1 nvidia-cuda-runtime/);
  t.equal(statSync(file).size, size);
});
