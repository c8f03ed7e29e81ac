/** What follows from the settings of accelerators. Main thread. */
import { usableCores } from './cpu-quota.ts';
import { acceleratedProviders, numberedProviders } from './providers.ts';
import type { Settings } from './settings.ts';

export interface GpuConfig {
  /** Number of worker threads, and what it is if no accelerator can be used. */
  readonly poolWorkers: number;
  readonly cpuWorkers: number;
  /** An engine whose run takes longer is replaced. */
  readonly gpuTimeoutMs: number;
}

type GpuSettings = Pick<Settings, 'poolWorkers' | 'gpuDevices' | 'gpuTimeoutMs' | 'frameTimeoutMs' | 'providers'>;

/** An engine that hangs must be noticed well before the frames in it time out, which would end their sessions. */
const timeoutShare = 0.4;

/**
 * With an accelerator, a worker mostly waits: for one batch to end, and for its own to run. So two batches of eight frames can be under
 * way, and more on machines whose cores decode faster.
 */
const minGpuWorkers = 16;
const gpuWorkersPerCore = 2;

/** On two cores both run pipelines, since the event loop needs only a few percent of one. On more, one core is reserved for the loop. */
function defaultCpuWorkers(cores: number): number {
  return cores <= 2 ? cores : cores - 1;
}

export function gpuConfigOf({ poolWorkers, gpuTimeoutMs, frameTimeoutMs, providers }: GpuSettings): GpuConfig {
  const cores = usableCores();
  const cpuWorkers = poolWorkers ?? defaultCpuWorkers(cores);
  const hasAccelerator = acceleratedProviders(providers).length > 0;
  const gpuWorkers = poolWorkers ?? Math.max(minGpuWorkers, gpuWorkersPerCore * cores);
  return {
    ...{ poolWorkers: hasAccelerator ? gpuWorkers : cpuWorkers, cpuWorkers },
    gpuTimeoutMs: gpuTimeoutMs ?? Math.round(frameTimeoutMs * timeoutShare),
  };
}

export function gpuIssues({ gpuDevices, gpuTimeoutMs, frameTimeoutMs, providers }: GpuSettings): string[] {
  const issues: string[] = [];
  if (gpuTimeoutMs !== undefined && gpuTimeoutMs >= frameTimeoutMs)
    issues.push(`GPU_TIMEOUT_MS (${gpuTimeoutMs}) must be below STREAM_FRAME_TIMEOUT_MS (${frameTimeoutMs})`);
  const isNumbered = acceleratedProviders(providers).some((name) => numberedProviders.includes(name));
  if (gpuDevices.length > 0 && !isNumbered)
    issues.push(`GPU_DEVICES needs one of ${numberedProviders.join(', ')} in ORT_PROVIDERS, before cpu`);
  if (new Set(gpuDevices).size < gpuDevices.length) issues.push('GPU_DEVICES must not name a device twice');
  return issues;
}
