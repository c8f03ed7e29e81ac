/**
 * Says why an execution provider cannot be used, and what to do about it, from ONNX Runtime's error and facts about the machine. ONNX
 * Runtime itself often says only "Failed to load shared library". Pure; any thread.
 */
import { explainCudaError, minDriver } from './cuda-errors.ts';
import type { DeviceFile, Explanation, LibraryProvider, ProviderFacts } from './provider-facts.ts';

const install = 'run `framegate gpu install`';
/** A guide for every case that nothing else explains. */
const seeGuide = 'see "Troubleshooting" in docs/guides/gpu.md';
const containerToolkit = 'start the container with --gpus all, which needs the NVIDIA Container Toolkit on the host';

/**
 * @param provider its name in `ORT_PROVIDERS`
 * @param error ONNX Runtime's message, or what happened instead of one: a crash, a time limit
 * @param facts what `readProviderFacts` has found on this machine
 */
export function explainProvider(provider: string, error: string, facts: ProviderFacts): Explanation {
  switch (provider) {
    case 'cuda':
    case 'tensorrt':
      return explainLibraryProvider(provider, error, facts);
    case 'webgpu':
      return explainWebGpu(error, facts);
    default:
      return { reason: firstLine(error), fix: seeGuide };
  }
}

function explainLibraryProvider(provider: LibraryProvider, error: string, facts: ProviderFacts): Explanation {
  const { platform } = facts;
  if (platform !== 'linux-x64')
    return { reason: `there is no ${provider} provider for ${platform}`, fix: 'use webgpu, or run on Linux x64' };
  return (
    // CUDA's own error first: with it, the libraries have been loaded.
    explainCudaError(error, facts) ??
    explainLibrary(provider, facts) ??
    explainMissing(provider, facts) ??
    explainDriver(facts) ??
    explainCudnn(error) ?? { reason: firstLine(error), fix: seeGuide }
  );
}

function explainLibrary(provider: LibraryProvider, facts: ProviderFacts): Explanation | undefined {
  const { path, version } = facts.libraries[provider];
  const { runtimeVersion } = facts;
  if (path === undefined) return { reason: `libonnxruntime_providers_${provider}.so is missing`, fix: install };
  if (version === undefined || version === runtimeVersion) return undefined;
  return {
    reason: `${path} is for ONNX Runtime ${version}, and onnxruntime-node is ${runtimeVersion}`,
    fix: `remove that file, and ${install}`,
  };
}

/** The driver comes last: its library cannot be installed by framegate, and a machine without it needs the others first. */
function explainMissing(provider: LibraryProvider, facts: ProviderFacts): Explanation | undefined {
  const { missing } = facts.libraries[provider];
  const tensorrt = missing.filter((name) => /^libnv(infer|onnxparser)/.test(name));
  const cuda = missing.filter((name) => /^lib(cu|nvrtc|onnxruntime)/.test(name) && name !== driverLibrary);
  const others = missing.filter((name) => ![driverLibrary, ...tensorrt, ...cuda].includes(name));
  if (cuda.length > 0) return { reason: listMissing(cuda, facts.otherVersions), fix: install };
  if (tensorrt.length > 0) {
    const reason = listMissing(tensorrt, facts.otherVersions);
    return {
      reason: `TensorRT 10 is not installed: ${reason}`,
      fix: 'install TensorRT 10 for CUDA 13 from NVIDIA, or use cuda',
    };
  }
  if (others.length > 0)
    return { reason: listMissing(others, []), fix: "install the system's package with this library" };
  return undefined;
}

const driverLibrary = 'libcuda.so.1';

/** `libcublas.so.13 is missing; found libcublas.so.12` */
function listMissing(missing: readonly string[], others: readonly string[]): string {
  const stems = missing.map(stemOf);
  const found = others.filter((name) => stems.includes(stemOf(name)));
  const is = missing.length > 1 ? 'are' : 'is';
  return `${missing.join(', ')} ${is} missing${found.length > 0 ? `; found ${found.join(', ')}` : ''}`;
}

const stemOf = (name: string) => name.replace(/\.so.*$/, '');

function explainDriver(facts: ProviderFacts): Explanation | undefined {
  const { libraries, inContainer, driverVersion, nvidiaDevices } = facts;
  if (libraries.cuda.missing.includes(driverLibrary) || libraries.tensorrt.missing.includes(driverLibrary)) {
    const reason = `no NVIDIA driver: ${driverLibrary} is missing`;
    return { reason, fix: inContainer ? containerToolkit : `install NVIDIA's driver, ${minDriver} or newer` };
  }
  if (driverVersion !== undefined && Number.parseInt(driverVersion, 10) < minDriver)
    return {
      reason: `the NVIDIA driver ${driverVersion} is too old for CUDA 13`,
      fix: `update it to ${minDriver} or newer`,
    };
  return closedDevice(nvidiaDevices);
}

function explainCudnn(error: string): Explanation | undefined {
  return /cudnn/i.test(error) ? { reason: `cuDNN: ${firstLine(error)}`, fix: install } : undefined;
}

/** A device that this user may not open. */
function closedDevice(devices: readonly DeviceFile[]): Explanation | undefined {
  const closed = devices.find(({ isAccessible }) => !isAccessible);
  if (closed === undefined || devices.some(({ isAccessible }) => isAccessible)) return undefined;
  return {
    reason: `this user may not open ${closed.path}`,
    fix: 'add the user to the group of that file; under systemd, with SupplementaryGroups=',
  };
}

function explainWebGpu(error: string, facts: ProviderFacts): Explanation {
  const { platform, vulkan } = facts;
  const isMissing = /No supported adapters|Failed to get a WebGPU adapter|Couldn't load Vulkan/i.test(error);
  if (!isMissing) return explainWebGpuRun(error);
  if (!platform.startsWith('linux')) return { reason: 'no GPU that WebGPU can use', fix: "update the GPU's driver" };
  const installDriver = "install the GPU's Vulkan driver; on Debian and Ubuntu: mesa-vulkan-drivers for AMD and Intel";
  if (!vulkan.hasLoader)
    return {
      reason: 'no Vulkan loader: libvulkan.so.1 is missing',
      fix: 'install it; on Debian and Ubuntu: libvulkan1',
    };
  if (vulkan.drivers.length === 0) return { reason: 'no Vulkan driver', fix: installDriver };
  const noDevice = explainMissingDevice(facts);
  if (noDevice !== undefined) return noDevice;
  const drivers = vulkan.drivers.join(', ');
  return { reason: `no Vulkan driver (${drivers}) has a GPU that WebGPU can use`, fix: installDriver };
}

function explainMissingDevice({ vulkan, nvidiaDevices, inContainer }: ProviderFacts): Explanation | undefined {
  const devices = [...vulkan.devices, ...nvidiaDevices];
  if (devices.length > 0) return closedDevice(devices);
  const reason = 'no GPU: there is neither /dev/dri/renderD128 nor /dev/nvidia0';
  if (!inContainer) return { reason, fix: 'under systemd, remove PrivateDevices= and DevicePolicy= from the unit' };
  return { reason, fix: 'start the container with --device /dev/dri, or for NVIDIA with --gpus all' };
}

function explainWebGpuRun(error: string): Explanation {
  if (/device lost/i.test(error))
    return { reason: 'the GPU was lost while it ran the model', fix: "update the GPU's driver" };
  return { reason: firstLine(error), fix: seeGuide };
}

/** Longer messages of ONNX Runtime quote its source code. */
const maxReasonLength = 300;

/** What ONNX Runtime puts around its messages: conditions and function signatures, the name of its function, and the place of a CUDA call. */
const surroundings: readonly RegExp[] = [
  /^.*(?: was false\. |\] (?=\S+ failure))/,
  /^\S*OrtSessionOptionsAppend\w+: /,
  / ; GPU=.*$/,
];

function firstLine(error: string): string {
  const [line = ''] = error.trim().split('\n');
  const message = surroundings.reduce((text, pattern) => text.replace(pattern, ''), line);
  return (message || 'unknown error').slice(0, maxReasonLength);
}
