/** `framegate gpu install`: downloads what CUDA needs. Main thread. */
import { configOfProcess } from '../config.ts';
import { failureExitCode } from '../errors.ts';
import { installedRuntime } from '../gpu/folders.ts';
import { type InstallPlan, install, megabytes, planInstall } from '../gpu/install.ts';
import { pinnedWheels, providersWheel, unpackedBytes, type Wheel } from '../gpu/wheels.ts';
import { stopOnSignals } from './signals.ts';
import { warn } from './warn.ts';

export interface GpuInstallFlags {
  readonly dryRun?: boolean;
  readonly systemCuda?: boolean;
}

/** Prints what it does to standard output. @returns the exit code. */
export async function installGpu({ dryRun, systemCuda }: GpuInstallFlags): Promise<number> {
  const { gpuLibrariesDir: folder } = configOfProcess();
  const wheels = pinnedWheels().filter(({ name }) => !systemCuda || name === providersWheel);
  const plan = planInstall({ folder, wheels, runtime: installedRuntime() });
  print(listOf(plan));
  if (dryRun) return 0;
  const aborted = new AbortController();
  const stopListening = stopOnSignals(['SIGTERM', 'SIGINT'], () => aborted.abort());
  const issue = await install(plan, {
    env: process.env,
    platform: `${process.platform}-${process.arch}`,
    showProgress: process.stderr.isTTY,
    signal: aborted.signal,
    report: print,
  });
  stopListening();
  if (issue !== undefined) {
    warn(aborted.signal.aborted ? 'interrupted; run it again to continue' : issue);
    return failureExitCode;
  }
  print(plan.missing.length > 0 ? 'done; run `framegate gpu check` next' : 'nothing to do');
  return 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function listOf({ folder, missing, complete }: InstallPlan): string {
  const rows = [
    ...complete.map((wheel) => rowOf(wheel, 'installed')),
    ...missing.map((wheel) => rowOf(wheel, 'to download')),
  ];
  const download = missing.reduce((sum, { downloadBytes }) => sum + downloadBytes, 0);
  const unpacked = missing.reduce((sum, wheel) => sum + unpackedBytes(wheel), 0);
  const total = missing.length > 0 ? [`download ${megabytes(download)}, on disk ${megabytes(unpacked)}`] : [];
  return [`libraries for CUDA, in ${folder}:`, ...rows, ...total].join('\n');
}

/** Wide enough for the names and sizes of all wheels. */
const nameWidth = 32;
const sizeWidth = 8;

function rowOf(wheel: Wheel, state: string): string {
  const name = `${wheel.name} ${wheel.version}`.padEnd(nameWidth);
  return `  ${name} ${megabytes(wheel.downloadBytes).padStart(sizeWidth)}  ${state}`;
}
