/** `framegate gpu check` with real processes: what it prints, and that a crash or a hang of native code becomes one line. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { installedRuntime } from '../../src/gpu/folders.ts';
import { type Finished, runCli } from '../support/gateway.ts';
import { compileLibrary, otherPlatform, writeProviders } from '../support/gpu-libraries.ts';
import { onnxFixture } from '../support/onnx-fixtures.ts';
import { tinyElf } from '../support/tiny-elf.ts';

const { version } = installedRuntime();
const linux = otherPlatform === undefined ? {} : { skip: otherPlatform };
const model = onnxFixture('boxes');

interface Report {
  readonly provider: string;
  readonly usable: boolean;
  readonly reason?: string;
  readonly half_precision?: boolean;
  readonly devices?: readonly string[];
}

async function check(args: readonly string[], env: Record<string, string>): Promise<Finished & { list: Report[] }> {
  const finished = await runCli(['gpu', 'check', '--model', model, '--json', ...args], env);
  return { ...finished, list: JSON.parse(finished.stdout) as Report[] };
}

/** The report about one provider. */
const about = (list: readonly Report[], provider: string) => list.find((report) => report.provider === provider);

/** A folder without libraries, so that those of the checkout do not matter. */
const noLibraries = (t: Test) => ({ GPU_LIBRARIES_DIR: t.testdir() });

test('prints one line per provider, and exits with 0 if those of ORT_PROVIDERS work', linux, async (t) => {
  const { code, stdout, stderr } = await runCli(['gpu', 'check', '--model', model], noLibraries(t));
  t.equal(code, 0, stderr);
  const [cpu, webgpu, cuda, tensorrt, ...rest] = stdout.trimEnd().split('\n');
  t.match(cpu, /^cpu {7}usable: load [\d.]+ ms, first run [\d.]+ ms, run [\d.]+ ms$/);
  t.match(webgpu, /^webgpu {4}(usable: .*half precision|not usable: .*\. Fix: .*\.$)/);
  t.match(cuda, 'cuda      not usable: libonnxruntime_providers_cuda.so is missing. Fix: run `framegate gpu install`.');
  t.match(tensorrt, /^tensorrt {2}not usable: libonnxruntime_providers_tensorrt\.so is missing\. Fix: /);
  t.strictSame(rest, []);
});

test('a provider of ORT_PROVIDERS that does not work makes the exit code 1', linux, async (t) => {
  const noDriver = { VK_DRIVER_FILES: join(t.testdirName, 'none') };
  const { code, list } = await check([], { ...noLibraries(t), ...noDriver, ORT_PROVIDERS: 'cuda,cpu' });
  t.equal(code, 1);
  t.match(about(list, 'cuda'), { wanted: true, usable: false, reason: /is missing$/, fix: /gpu install/ });
  t.match(about(list, 'cpu'), { wanted: true, usable: true });
  t.match(about(list, 'webgpu')?.reason, /^no Vulkan (loader|driver)/);
  t.match(about(list, 'tensorrt'), { wanted: false });
});

test('names the library that the installed provider lacks, and a provider of another version', linux, async (t) => {
  const folder = t.testdir({ lacking: {}, other: {} });
  const lacking = tinyElf({ needed: ['libnone.so.7'], trailer: `\0${version}\0` });
  writeProviders(join(folder, 'lacking'), { 'libonnxruntime_providers_cuda.so': lacking });
  const first = await check([], { GPU_LIBRARIES_DIR: join(folder, 'lacking') });
  t.match(about(first.list, 'cuda')?.reason, /^lib(cudnn|none|nvrtc).* missing/);
  writeProviders(join(folder, 'other'), { 'libonnxruntime_providers_cuda.so': tinyElf({ trailer: '\x001.2.3\0' }) });
  const second = await check([], { GPU_LIBRARIES_DIR: join(folder, 'other') });
  t.match(about(second.list, 'cuda')?.reason, /is for ONNX Runtime 1\.2\.3, and onnxruntime-node is/);
});

const compiler = otherPlatform ?? compileLibrary('/dev/null', 'int x;');
const compiled = compiler === undefined ? {} : { skip: compiler };

test('native code that crashes or hangs ends only its own process', compiled, async (t) => {
  const folder = t.testdir();
  const providers = writeProviders(folder, {
    'libonnxruntime_providers_cuda.so': tinyElf({ trailer: `\0${version}\0` }),
  });
  const shared = join(providers, 'libonnxruntime_providers_shared.so');
  const env = { GPU_LIBRARIES_DIR: folder };
  compileLibrary(shared, '#include <stdlib.h>\n__attribute__((constructor)) void start() { abort(); }');
  const crashed = await check([], env);
  t.match(about(crashed.list, 'cuda'), { error: 'ONNX Runtime crashed (SIGABRT) while it loaded the model' });
  t.match(about(crashed.list, 'cpu'), { usable: true });
  compileLibrary(shared, '#include <unistd.h>\n__attribute__((constructor)) void start() { for (;;) pause(); }');
  const hanging = await check(['--timeout', '1'], env);
  t.match(about(hanging.list, 'cuda'), { error: 'ONNX Runtime did not end within 1 s while it loaded the model' });
});

const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
const vulkan = existsSync(swiftShader) ? {} : { skip: 'needs Chromium, which brings a Vulkan driver' };

test('webgpu runs on a software driver, which has no half precision', vulkan, async (t) => {
  const env = {
    ...noLibraries(t),
    ORT_PROVIDERS: 'webgpu',
    VK_DRIVER_FILES: swiftShader,
    XDG_RUNTIME_DIR: t.testdirName,
  };
  const { code, list, stderr } = await check([], env);
  t.equal(code, 0, stderr);
  t.match(about(list, 'webgpu'), { usable: true, half_precision: false, devices: ['SwiftShader (software)'] });
});

test('a wrong option or setting is a configuration error', async (t) => {
  t.equal((await runCli(['gpu', 'check', '--timeout', '0'])).code, 2);
  t.equal((await runCli(['gpu', 'check'], { ORT_PROVIDERS: 'gpu' })).code, 2);
});
