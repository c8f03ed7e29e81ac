/** Opens the accelerators that a configuration names, for the commands that run worker threads. Main thread. */
import type { Config } from '../config.ts';
import { StartError } from '../errors.ts';
import { explainProvider } from '../gpu/explain.ts';
import type { ProviderFacts } from '../gpu/provider-facts.ts';
import { readProviderFacts } from '../gpu/read-facts.ts';
import { Engines } from '../models/engine/engines.ts';
import type { ProcessLog } from '../observe/log.ts';
import { acceleratedProviders, cpuProvider } from '../providers.ts';

/** What worker threads need, with or without accelerators. */
export interface Accelerators {
  /** Undefined if models run in the workers. */
  readonly engines: Engines | undefined;
  /** Execution providers for the models that no engine runs. */
  readonly providers: readonly string[];
  readonly poolWorkers: number;
}

/**
 * Opens the providers before `cpu` in `ORT_PROVIDERS`; whatever comes after it is never needed.
 * @throws StartError with one line per provider if none can be used, and `cpu` is not among them.
 */
export async function openAccelerators(config: Config, log: ProcessLog): Promise<Accelerators> {
  const { providers, gpuDevices, gpuTimeoutMs, maxHeapMegabytes, poolWorkers, cpuWorkers } = config;
  const accelerated = acceleratedProviders(providers);
  const fallback = providers.includes(cpuProvider) ? [cpuProvider] : [];
  if (accelerated.length === 0 || poolWorkers === 0) return { engines: undefined, providers, poolWorkers };
  const refusals: string[] = [];
  let facts: ProviderFacts | undefined;
  const engines = await Engines.start({
    ...{ providers: accelerated, devices: gpuDevices, maxRunMs: gpuTimeoutMs, maxHeapMegabytes, log },
    refused: ({ provider, reason: error }) => {
      facts ??= readProviderFacts({ env: process.env });
      const { reason, fix } = explainProvider(provider, error, facts);
      refusals.push(`${provider}: ${reason}. Fix: ${fix}`);
      log.warn('provider_unavailable', { provider, reason, fix, error }, 'execution provider not used');
    },
  });
  if (engines !== undefined) return { engines, providers: fallback, poolWorkers };
  if (fallback.length === 0) throw new StartError(refusals);
  return { engines, providers: fallback, poolWorkers: cpuWorkers };
}

/** Their models are released in milliseconds; a thread that hangs in a driver never ends. */
const stopMs = 2000;

/** Ends the engines, after the workers. @returns whether every thread has ended. */
export async function closeAccelerators({ engines }: Accelerators): Promise<boolean> {
  return engines === undefined || engines.stop(stopMs);
}
