/** The hosts that a gateway uses beside its own threads, if it has a broker. Main thread. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config.ts';
import type { Log } from '../observe/log.ts';
import type { Observer } from '../observe/observer.ts';
import type { Pipeline } from '../pipeline/registry.ts';
import type { LocalPool, RemoteExecution } from '../pool/local-pool.ts';
import { Hosts } from '../pool/nats-executor/hosts.ts';
import { connectBroker, fingerprintsOf } from './broker-connection.ts';

export interface RemoteHosts {
  /** For the pool, which is created before the hosts are looked for. */
  readonly execution: RemoteExecution;
  /** Begins to look for hosts. Waits a moment for the first one if nothing else runs frames. */
  start(local: LocalPool, pipelines: readonly Pipeline[]): Promise<void>;
  /** Before a reload. @returns what puts it into use. @throws ConfigError if a file cannot be read. */
  prepare(pipelines: readonly Pipeline[]): Promise<(generation: number) => void>;
  /** Tells the hosts, and disconnects. */
  stop(): Promise<void>;
}

/** Threads of this process have rank 0. */
const ranks = { local: 1, remote: -1 } as const;

/** Hosts answer the first status of a gateway at once. */
const maxFirstHostWaitMs = 2000;
const pollMs = 20;

/** @returns undefined without a broker. @throws ConfigError if it cannot be used. */
export async function connectHosts(config: Config, log: Log, observer: Observer): Promise<RemoteHosts | undefined> {
  if (config.broker === undefined) return undefined;
  const { broker, subjects, identity } = await connectBroker('gateway', config.broker, config, log);
  const { modelsDir, maxRemoteBytes, poolPrefer, hostLostMs, poolWorkers } = config;
  let hosts: Hosts | undefined;
  return {
    execution: {
      maxBytes: maxRemoteBytes,
      request: (pipelineId) => hosts?.request(pipelineId),
      has: (pipelineId) => hosts?.has(pipelineId) === true,
    },
    async start({ pool, executors, memory }, pipelines) {
      const fingerprints = await fingerprintsOf(pipelines, modelsDir);
      hosts = new Hosts({
        ...{ channel: broker, subjects, identity, executors, memory, rank: ranks[poolPrefer], hostLostMs },
        held: () => pool.held,
        countActiveSessions: () => pool.countActiveSessions(),
        capacityChanged: () => pool.capacityChanged(),
        ...{ log, observer },
      });
      hosts.setPipelines(fingerprints, 1);
      for (const { id, load } of pipelines) if (load === 'start') hosts.request(id);
      hosts.start();
      if (poolWorkers > 0) return;
      const startedAtMs = performance.now();
      while (pool.capacity === 0 && performance.now() - startedAtMs < maxFirstHostWaitMs) await sleep(pollMs);
    },
    async prepare(pipelines) {
      const fingerprints = await fingerprintsOf(pipelines, modelsDir);
      return (generation) => hosts?.setPipelines(fingerprints, generation);
    },
    async stop() {
      hosts?.stop();
      await broker.close();
    },
  };
}
