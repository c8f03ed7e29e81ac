/**
 * Where the libraries for CUDA are, and the environment in which the dynamic linker finds them. Main thread, before anything else is loaded;
 * the launcher too, which also runs on Node 20.
 *
 *   framegate-gpu/onnxruntime-gpu-1.30.0/libonnxruntime_providers_cuda.so …, and a copy of libonnxruntime.so.1
 *   framegate-gpu/nvidia-cublas-13.1.0.3/libcublas.so.13 …
 *
 * ONNX Runtime looks for its providers in the folder from which the linker has loaded libonnxruntime.so.1. LD_LIBRARY_PATH comes before the
 * binding's own folder, so the copy makes the folder of the wheel that place, and nothing is written into node_modules, which the gateway's
 * user often must not do and which `npm ci` undoes.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinnedWheels, providersWheel, type Wheel } from './wheels.ts';

/** ONNX Runtime itself, under the name by which the binding loads it. */
export const runtimeLibrary = 'libonnxruntime.so.1';

/** The only platform for which ONNX Runtime's CUDA provider and the pinned wheels exist. */
export const gpuPlatform = 'linux-x64';

const packageFolder = fileURLToPath(new URL('../..', import.meta.url));

/** Commands that load models in their own process. */
const modelCommands: readonly string[] = ['serve', 'worker', 'models'];

/** Execution providers that need the libraries. */
const cudaProviders: readonly string[] = ['cuda', 'tensorrt'];

/**
 * The default folder: beside the outermost `node_modules` that holds the package, or in the checkout. Whoever installs the package can write
 * it, every user that can run the package can read it, and neither `npm ci` nor an update removes it.
 */
export function defaultLibrariesFolder(from: string = packageFolder): string {
  const parts = resolve(from).split(sep);
  const outermost = parts.indexOf('node_modules');
  return join(outermost === -1 ? resolve(from) : parts.slice(0, outermost).join(sep) || sep, 'framegate-gpu');
}

/** The folder of one wheel. It exists only with all of its files: an installation renames it into place at its end. */
export function wheelFolder(librariesFolder: string, { name, version }: Pick<Wheel, 'name' | 'version'>): string {
  return join(librariesFolder, `${name}-${version}`);
}

/** Where the installed onnxruntime-node is, and its version. */
export interface InstalledRuntime {
  readonly version: string;
  /** With the binding, and libonnxruntime.so.1. */
  readonly folder: string;
}

export function installedRuntime(): InstalledRuntime {
  const path = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string };
  return { version, folder: join(dirname(path), 'bin/napi-v6', process.platform, process.arch) };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Folders of the installed wheels. The providers are left out if they are of another version than onnxruntime-node. */
function libraryFolders(librariesFolder: string, wheels: readonly Wheel[], runtimeVersion: string): string[] {
  return wheels
    .filter(({ name, version }) => name !== providersWheel || version === runtimeVersion)
    .map((wheel) => wheelFolder(librariesFolder, wheel))
    .filter((folder) => existsSync(folder));
}

/** The folder of the libraries: `GPU_LIBRARIES_DIR`, or the default. */
function librariesFolderOf(env: Environment): string {
  const given = env['GPU_LIBRARIES_DIR']?.trim();
  return given ? resolve(given) : defaultLibrariesFolder();
}

/**
 * The `LD_LIBRARY_PATH` with which CUDA works: the installed libraries, then what is in it already.
 * @returns undefined if it needs no change: nothing is installed, everything is in it, or the platform has no CUDA.
 */
export function libraryPathFor(env: Environment): string | undefined {
  const folder = librariesFolderOf(env);
  if (`${process.platform}-${process.arch}` !== gpuPlatform || !isFolder(folder)) return undefined;
  const given = (env['LD_LIBRARY_PATH'] ?? '').split(':').filter((entry) => entry !== '');
  const folders = libraryFolders(folder, pinnedWheels(), installedRuntime().version);
  if (folders.every((entry) => given.includes(entry))) return undefined;
  return [...folders, ...given.filter((entry) => !folders.includes(entry))].join(':');
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * As {@link libraryPathFor}, for a command that is about to start: only if the command loads models and `ORT_PROVIDERS` names a provider that
 * needs CUDA. ffmpeg, for example, keeps the system's libraries.
 */
export function libraryPathOfCommand(command: string | undefined, env: Environment): string | undefined {
  if (command === undefined || !modelCommands.includes(command)) return undefined;
  const providers = (env['ORT_PROVIDERS'] ?? '').split(',').map((name) => name.trim());
  return providers.some((name) => cudaProviders.includes(name)) ? libraryPathFor(env) : undefined;
}
