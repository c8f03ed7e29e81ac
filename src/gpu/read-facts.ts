/** Collects what `explainProvider` needs to know about this machine. Reads files only; any thread. */
import { accessSync, closeSync, constants, existsSync, openSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type InstalledRuntime, installedRuntime, runtimeLibrary } from './folders.ts';
import { Linker } from './linker.ts';
import type { DeviceFile, LibraryFacts, LibraryProvider, ProviderFacts } from './provider-facts.ts';
import { namesIn, readText } from './system-files.ts';

export interface FactSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Prefix of the system's paths, for tests. */
  readonly root?: string;
  readonly runtime?: InstalledRuntime;
  readonly platform?: string;
}

/** Loaded by the CUDA provider while it runs, so they are not in its ELF file. */
const loadedByCuda: readonly string[] = ['libcudnn.so.9', 'libnvrtc.so.13'];
/** cuDNN's parts are loaded the same way. */
const loadedByCudnn: readonly string[] = ['libcudnn_graph.so.9', 'libcudnn_ops.so.9', 'libcudnn_cnn.so.9'];

/** Libraries of which other versions are worth naming. */
const versioned: readonly string[] = [
  'libcublas',
  'libcublasLt',
  'libcudart',
  'libcurand',
  'libcudnn',
  'libnvinfer',
  'libnvrtc',
];

/** Folders of Vulkan's driver manifests, in the loader's order. */
const manifestFolders: readonly string[] = [
  '/etc/vulkan/icd.d',
  '/usr/local/share/vulkan/icd.d',
  '/usr/share/vulkan/icd.d',
];
/** Each overrides the folders: files and folders separated by colons. The second is the older name. */
const manifestVariables: readonly string[] = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'];

/** Takes some 0.1 s if a provider library is there, since its version is searched for in 270 MB. */
export function readProviderFacts({ env, root = '/', runtime, platform }: FactSources): ProviderFacts {
  const installed = runtime ?? installedRuntime();
  const libraryPath = (env['LD_LIBRARY_PATH'] ?? '').split(':').filter((folder) => folder !== '');
  const linker = new Linker(libraryPath, root);
  // ONNX Runtime looks for its providers beside itself.
  const folder = libraryPath.find((each) => existsSync(join(each, runtimeLibrary))) ?? installed.folder;
  const factsOf = (provider: LibraryProvider) => libraryFacts(provider, folder, linker, installed.version);
  return {
    platform: platform ?? `${process.platform}-${process.arch}`,
    runtimeVersion: installed.version,
    libraries: { cuda: factsOf('cuda'), tensorrt: factsOf('tensorrt') },
    otherVersions: versioned.flatMap((name) => linker.versionsOf(`${name}.so.`)).filter(isMajorVersion),
    driverVersion: driverVersionIn(readText(join(root, '/proc/driver/nvidia/version'))),
    nvidiaDevices: devicesIn(join(root, '/dev'), /^nvidia\d+$/),
    inContainer: isContainer(root, env),
    vulkan: {
      hasLoader: linker.find('libvulkan.so.1') !== undefined,
      drivers: vulkanDrivers(root, env),
      devices: devicesIn(join(root, '/dev/dri'), /^renderD\d+$/),
    },
  };
}

/** `libcublas.so.12`, not `libcublas.so.12.4.5`, which is usually the same file. */
const isMajorVersion = (name: string) => /\.so\.\d+$/.test(name);

function libraryFacts(provider: LibraryProvider, folder: string, linker: Linker, wanted: string): LibraryFacts {
  const path = join(folder, fileOf(provider));
  if (!existsSync(path)) return { path: undefined, version: undefined, missing: [] };
  // TensorRT's provider uses that of CUDA, and only the latter contains its version.
  const cudaPath = join(folder, fileOf('cuda'));
  if (!existsSync(cudaPath)) return { path, version: undefined, missing: [fileOf('cuda')] };
  const seen = new Set<string>();
  const linked = [...new Set([path, cudaPath])].flatMap((file) => linker.missing(file, seen));
  return { path, version: runtimeVersionIn(cudaPath, wanted), missing: [...linked, ...missingParts(linker, seen)] };
}

const fileOf = (provider: LibraryProvider) => `libonnxruntime_providers_${provider}.so`;

/** What is missing of the libraries that are loaded later, and of those that they need. */
function missingParts(linker: Linker, seen: Set<string>): string[] {
  const missing = loadedByCuda.filter((name) => linker.find(name) === undefined);
  const found = [...loadedByCuda, ...loadedByCudnn].flatMap((name) => linker.find(name) ?? []);
  return [...missing, ...found.flatMap((path) => linker.missing(path, seen))];
}

const chunkBytes = 8 * 1024 * 1024;
/** More than a version with its two zero bytes. */
const overlapBytes = 32;

/**
 * The version of ONNX Runtime that a provider library contains as text.
 * @returns `wanted` if the file contains it, another version if it contains only that, and undefined if it contains none.
 */
function runtimeVersionIn(path: string, wanted: string): string | undefined {
  const file = openSync(path, 'r');
  const chunk = Buffer.alloc(chunkBytes);
  let other: string | undefined;
  try {
    for (let at = 0; ; at += chunkBytes - overlapBytes) {
      const bytes = readSync(file, chunk, 0, chunkBytes, at);
      const part = chunk.subarray(0, bytes);
      if (part.includes(`\0${wanted}\0`)) return wanted;
      other ??= otherVersionIn(part);
      if (bytes < chunkBytes) return other;
    }
  } finally {
    closeSync(file);
  }
}

/** ONNX Runtime is at version 1 since 2019. */
const versionStart = '\x001.';

function otherVersionIn(part: Buffer): string | undefined {
  for (let at = part.indexOf(versionStart); at !== -1; at = part.indexOf(versionStart, at + 1)) {
    const [, version] = /^(1\.\d{1,3}\.\d{1,3})\0/.exec(part.toString('latin1', at + 1, at + overlapBytes)) ?? [];
    if (version !== undefined) return version;
  }
  return undefined;
}

/** `NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  …`; the open module says `Open Kernel Module for x86_64  580.95.05`. */
function driverVersionIn(text: string): string | undefined {
  return /Kernel Module.*?\s(\d+\.\d+(?:\.\d+)?)\s/.exec(text)?.[1];
}

function devicesIn(folder: string, pattern: RegExp): DeviceFile[] {
  return namesIn(folder)
    .filter((name) => pattern.test(name))
    .map((name) => ({ path: join(folder, name), isAccessible: isAccessible(join(folder, name)) }));
}

function isAccessible(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function isContainer(root: string, env: FactSources['env']): boolean {
  const marks = ['/.dockerenv', '/run/.containerenv'].map((path) => join(root, path));
  return marks.some((path) => existsSync(path)) || ['container', 'KUBERNETES_SERVICE_HOST'].some((name) => env[name]);
}

function vulkanDrivers(root: string, env: FactSources['env']): string[] {
  const given = manifestVariables.map((name) => env[name]).find((value) => value !== undefined && value !== '');
  const places = given?.split(':') ?? manifestFolders.map((folder) => join(root, folder));
  const files = places.flatMap((place) => (place.endsWith('.json') ? [place] : namesIn(place)));
  return files.filter((name) => name.endsWith('.json')).map((name) => basename(name));
}
