/** Each fault of a machine, prepared as a folder, gives its own reason and fix. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Test, test } from 'tap';
import { deviceNames } from '../../../src/gpu/device-names.ts';
import { explainProvider } from '../../../src/gpu/explain.ts';
import { readProviderFacts } from '../../../src/gpu/read-facts.ts';
import { tinyElf } from '../../support/tiny-elf.ts';

const cudaLibraries = ['libcublas.so.13', 'libcudart.so.13'];
const cudaError = 'Failed to load shared library';
const webgpuError = 'Failed to get a WebGPU adapter: No supported adapters';

/** A machine on which everything is there; `files` changes some of it: a file's bytes, or nothing to leave it out. */
function machine(t: Test, files: Readonly<Record<string, Buffer | string | undefined>> = {}) {
  const root = t.testdir();
  const complete: Record<string, Buffer | string | undefined> = {
    'runtime/libonnxruntime_providers_cuda.so': provider('1.30.0', [...cudaLibraries, 'libcuda.so.1']),
    'runtime/libonnxruntime_providers_tensorrt.so': tinyElf({ needed: ['libnvinfer.so.10', 'libcudart.so.13'] }),
    ...Object.fromEntries([...cudaLibraries, 'libcuda.so.1'].map((name) => [`usr/lib64/${name}`, tinyElf({})])),
    'usr/lib64/libcudnn.so.9': tinyElf({}),
    'usr/lib64/libnvrtc.so.13': tinyElf({}),
    'usr/lib64/libnvinfer.so.10': tinyElf({}),
    'usr/lib64/libvulkan.so.1': tinyElf({}),
    'usr/share/vulkan/icd.d/nvidia_icd.json': '{}',
    'proc/driver/nvidia/version': 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  Tue Sep 23 2025\n',
    'dev/nvidia0': '',
    'dev/nvidiactl': '',
    'dev/dri/renderD128': '',
    ...files,
  };
  for (const [path, bytes] of Object.entries(complete)) {
    if (bytes === undefined) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  }
  return { root, runtime: { version: '1.30.0', folder: join(root, 'runtime') } };
}

const provider = (version: string, needed: readonly string[]) => tinyElf({ needed, trailer: `\0${version}\0` });

type Files = Parameters<typeof machine>[1];

/** What is said about a provider of a machine. */
function explained(t: Test, name: string, files: Files, env: Readonly<Record<string, string>> = {}, error?: string) {
  const facts = readProviderFacts({ ...machine(t, files), env, platform: 'linux-x64' });
  return explainProvider(name, error ?? (name === 'webgpu' ? webgpuError : cudaError), facts);
}

const install = 'run `framegate gpu install`';

test('cuda: the provider, its version, and its libraries', async (t) => {
  t.strictSame(explained(t, 'cuda', { 'runtime/libonnxruntime_providers_cuda.so': undefined }), {
    reason: 'libonnxruntime_providers_cuda.so is missing',
    fix: install,
  });
  t.match(explained(t, 'cuda', { 'runtime/libonnxruntime_providers_cuda.so': provider('1.29.1', []) }), {
    reason: /providers_cuda\.so is for ONNX Runtime 1\.29\.1, and onnxruntime-node is 1\.30\.0$/,
    fix: /^remove that file/,
  });
  t.strictSame(explained(t, 'cuda', { 'usr/lib64/libcublas.so.13': undefined }), {
    reason: 'libcublas.so.13 is missing',
    fix: install,
  });
  const older = { 'usr/lib64/libcublas.so.13': undefined, 'usr/lib64/libcublas.so.12': tinyElf({}) };
  t.strictSame(explained(t, 'cuda', older), {
    reason: 'libcublas.so.13 is missing; found libcublas.so.12',
    fix: install,
  });
  t.strictSame(explained(t, 'cuda', { 'usr/lib64/libcudnn.so.9': undefined, 'usr/lib64/libnvrtc.so.13': undefined }), {
    reason: 'libcudnn.so.9, libnvrtc.so.13 are missing',
    fix: install,
  });
  t.match(explained(t, 'cuda', { 'usr/lib64/libcudnn.so.9': tinyElf({ needed: ['libz.so.1'] }) }), {
    reason: 'libz.so.1 is missing',
    fix: /system's package/,
  });
});

test('cuda: the driver and the device', async (t) => {
  const noDriver = { 'usr/lib64/libcuda.so.1': undefined };
  t.strictSame(explained(t, 'cuda', noDriver), {
    reason: 'no NVIDIA driver: libcuda.so.1 is missing',
    fix: "install NVIDIA's driver, 580 or newer",
  });
  t.match(explained(t, 'cuda', { ...noDriver, '.dockerenv': '' }).fix, /--gpus all/);
  t.match(explained(t, 'cuda', noDriver, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }).fix, /--gpus all/);
  const old = 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.10  Release Build\n';
  const reason = 'the NVIDIA driver 570.86.10 is too old for CUDA 13';
  t.match(explained(t, 'cuda', { 'proc/driver/nvidia/version': old }), { reason, fix: /580/ });
  const failure = (number: number) => `CUDA failure ${number}: some text ; GPU=-1 ; hostname=x ; file=y.cc`;
  t.match(explained(t, 'cuda', { 'proc/driver/nvidia/version': old }, {}, failure(35)), { reason });
  const noDevice = { 'dev/nvidia0': undefined };
  t.match(explained(t, 'cuda', noDevice, {}, failure(100)), { reason: /finds no device/, fix: /PrivateDevices/ });
  t.match(explained(t, 'cuda', { ...noDevice, 'run/.containerenv': '' }, {}, failure(100)).fix, /--gpus all/);
  t.match(explained(t, 'cuda', {}, {}, failure(100)).fix, /CUDA_VISIBLE_DEVICES/);
  const tooOld = 'no kernel image is available for execution on the device';
  t.match(explained(t, 'cuda', {}, {}, tooOld), { reason: /no code for this GPU/, fix: 'use webgpu' });
  for (const number of [2, 46, 101, 209, 222, 802, 803, 804, 999])
    t.notMatch(explained(t, 'cuda', {}, {}, failure(number)).reason, /CUDA failure/, String(number));
  const signature =
    '/src/cuda_call.cc:154 std::conditional_t<THRW> CudaCall(ERRTYPE) [with ERRTYPE = cudaError; bool THRW = true]';
  t.equal(explained(t, 'cuda', {}, {}, `${signature} ${failure(77)}`).reason, 'CUDA failure 77: some text');
});

test('tensorrt: its own libraries, then those of cuda', async (t) => {
  const none = { 'usr/lib64/libnvinfer.so.10': undefined, 'usr/lib64/libnvinfer.so.8': tinyElf({}) };
  t.match(explained(t, 'tensorrt', none), {
    reason: 'TensorRT 10 is not installed: libnvinfer.so.10 is missing; found libnvinfer.so.8',
    fix: /use cuda$/,
  });
  t.match(explained(t, 'tensorrt', { ...none, 'usr/lib64/libcublas.so.13': undefined }).reason, /^libcublas\.so\.13/);
  t.match(explained(t, 'tensorrt', { 'runtime/libonnxruntime_providers_cuda.so': undefined }), {
    reason: 'libonnxruntime_providers_cuda.so is missing',
    fix: install,
  });
});

test('webgpu: the loader, the driver, and the device', async (t) => {
  t.match(explained(t, 'webgpu', { 'usr/lib64/libvulkan.so.1': undefined }), {
    reason: 'no Vulkan loader: libvulkan.so.1 is missing',
    fix: /libvulkan1/,
  });
  t.match(explained(t, 'webgpu', { 'usr/share/vulkan/icd.d/nvidia_icd.json': undefined }), {
    reason: 'no Vulkan driver',
    fix: /mesa-vulkan-drivers/,
  });
  const noDevice = { 'dev/nvidia0': undefined, 'dev/dri/renderD128': undefined };
  t.match(explained(t, 'webgpu', noDevice), { reason: /^no GPU/, fix: /PrivateDevices/ });
  t.match(explained(t, 'webgpu', { ...noDevice, '.dockerenv': '' }).fix, /--device \/dev\/dri/);
  t.match(explained(t, 'webgpu', {}).reason, /^no Vulkan driver \(nvidia_icd\.json\) has a GPU/);
  t.match(explained(t, 'webgpu', {}, { VK_DRIVER_FILES: '/opt/lvp_icd.json' }).reason, /\(lvp_icd\.json\)/);
});

test('a device that this user may not open', async (t) => {
  const facts = readProviderFacts({ ...machine(t), env: {}, platform: 'linux-x64' });
  // Root may open every file, whatever its mode.
  const devices = [{ path: '/dev/dri/renderD128', isAccessible: false }];
  const closed = { ...facts, nvidiaDevices: [], vulkan: { ...facts.vulkan, devices } };
  t.strictSame(explainProvider('webgpu', webgpuError, closed), {
    reason: 'this user may not open /dev/dri/renderD128',
    fix: 'add the user to the group of that file; under systemd, with SupplementaryGroups=',
  });
});

test('other platforms, other providers, and unknown errors', async (t) => {
  const facts = { ...readProviderFacts({ ...machine(t), env: {}, platform: 'linux-x64' }), platform: 'darwin-arm64' };
  t.strictSame(explainProvider('cuda', cudaError, facts), {
    reason: 'there is no cuda provider for darwin-arm64',
    fix: 'use webgpu, or run on Linux x64',
  });
  t.match(explainProvider('webgpu', webgpuError, facts).reason, /^no GPU/);
  t.strictSame(explainProvider('coreml', 'first\nsecond', facts).reason, 'first');
  t.equal(explainProvider('cpu', '', facts).reason, 'unknown error');
});

test('facts of a machine on which everything is there', async (t) => {
  const { root, runtime } = machine(t);
  const facts = readProviderFacts({ root, runtime, env: {}, platform: 'linux-x64' });
  t.match(facts, {
    runtimeVersion: '1.30.0',
    libraries: { cuda: { version: '1.30.0', missing: [] }, tensorrt: { version: '1.30.0', missing: [] } },
    driverVersion: '580.95.05',
    nvidiaDevices: [{ path: join(root, 'dev/nvidia0'), isAccessible: true }],
    inContainer: false,
    vulkan: { hasLoader: true, drivers: ['nvidia_icd.json'] },
  });
});

test('names of devices', async (t) => {
  const root = t.testdir({
    proc: { driver: { nvidia: { gpus: { x: { information: 'Model: \t NVIDIA L4\nDevice Minor: \t 1\n' } } } } },
    sys: { class: { drm: { renderD129: { device: { vendor: '0x1002\n', device: '0x73bf\n' } } } } },
  });
  t.strictSame(deviceNames(['/dev/nvidia1', '/dev/dri/renderD128'], root), ['NVIDIA L4']);
  t.strictSame(deviceNames(['/dev/dri/renderD129', 'libvulkan_lvp.so'], root), ['AMD GPU (PCI 0x1002:0x73bf)']);
  t.strictSame(deviceNames(['/dev/dri/renderD130'], root), ['/dev/dri/renderD130']);
  t.strictSame(deviceNames(['libvk_swiftshader.so'], root), ['SwiftShader (software)']);
});
