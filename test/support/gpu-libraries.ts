/** A folder as `gpu install` leaves it, with libraries that a test makes. Tests only. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gpuPlatform, installedRuntime, runtimeLibrary, wheelFolder } from '../../src/gpu/folders.ts';
import { providersWheel } from '../../src/gpu/wheels.ts';

/** Why a test of these libraries cannot run here; undefined if it can. */
export const otherPlatform =
  `${process.platform}-${process.arch}` === gpuPlatform ? undefined : `CUDA is for ${gpuPlatform} only`;

/** Creates the folder of the providers, with the installed ONNX Runtime in it. @returns its path. */
export function writeProviders(folder: string, libraries: Readonly<Record<string, Buffer>> = {}): string {
  const { version, folder: runtimeFolder } = installedRuntime();
  const providers = wheelFolder(folder, { name: providersWheel, version });
  mkdirSync(providers, { recursive: true });
  symlinkSync(join(runtimeFolder, runtimeLibrary), join(providers, runtimeLibrary));
  for (const [name, bytes] of Object.entries(libraries)) writeFileSync(join(providers, name), bytes);
  return providers;
}

/** Compiles lines of C into a shared library. @returns why it cannot. */
export function compileLibrary(path: string, code: string, flags: readonly string[] = []): string | undefined {
  const args = ['-shared', '-fPIC', '-w', '-x', 'c', '-', '-o', path, ...flags];
  const { error, status, stderr } = spawnSync('gcc', args, { input: code, encoding: 'utf8' });
  if (error !== undefined) return 'gcc is not installed';
  return status === 0 ? undefined : stderr;
}
