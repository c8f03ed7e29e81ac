/** `framegate worker`: a host that runs frames of gateways, without a stream server. Main thread. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthorizer, prepareTokens } from '../auth/create-authorizer.ts';
import { type Config, configOfProcess, type ListenAddress, notifyEnvironment } from '../config.ts';
import { ConfigError } from '../errors.ts';
import { Host } from '../host/host.ts';
import { registerService } from '../host/service.ts';
import { poolGauges } from '../observe/gauges.ts';
import { HealthLog } from '../observe/health-log.ts';
import { Metrics } from '../observe/metrics.ts';
import { processMetrics } from '../observe/process-metrics.ts';
import { loadPipelines, type Pipeline } from '../pipeline/registry.ts';
import { startLocalPool } from '../pool/local-pool.ts';
import type { Pool } from '../pool/pool.ts';
import { type HostServer, type HostServerParts, startHostServer } from '../server/host-server.ts';
import { localUrlHost } from '../url-host.ts';
import { version } from '../version.ts';
import { closeAccelerators, openAccelerators } from './accelerators.ts';
import { connectBroker, fingerprintsOf } from './broker-connection.ts';
import { killProcess, stopAndExitOnSignal } from './process-exit.ts';
import { openProcessLog } from './process-log.ts';
import { Reloader } from './reloader.ts';
import { handleSignals } from './signals.ts';
import { SystemdNotifier } from './systemd-notify.ts';
import { exitWhenUnready } from './unready-exit.ts';

/** Flags of `worker`: each overrides the environment variable of the same meaning. */
export interface WorkerFlags {
  readonly nats?: string;
  readonly group?: string;
  readonly name?: string;
  readonly workers?: string;
  readonly modelsDir?: string;
  readonly adminHost?: string;
  readonly adminPort?: string;
}

/**
 * Runs frames until SIGTERM or SIGINT.
 * @throws ConfigError if it cannot start.
 */
export async function work(flags: WorkerFlags): Promise<void> {
  const config = configOfProcess({
    NATS_URL: flags.nats,
    NATS_GROUP: flags.group,
    HOST_NAME: flags.name,
    POOL_WORKERS: flags.workers,
    MODELS_DIR: flags.modelsDir,
    ADMIN_HOST: flags.adminHost,
    ADMIN_PORT: flags.adminPort,
  });
  const { broker: brokerConfig, modelsDir, providers, maxWaitMs } = config;
  if (brokerConfig === undefined) throw new ConfigError(['a worker host needs a broker: set NATS_URL or --nats']);
  if (config.poolWorkers === 0) throw new ConfigError(['POOL_WORKERS must be at least 1 on a worker host']);
  const startedAtMs = performance.now();
  const { log, observer, warnDeprecated } = openProcessLog(config);
  const { authorizer, tokens } = createAuthorizer(config, (line) => log.warn('keys_unavailable', {}, line));
  const readPipelines = async () =>
    (await loadPipelines({ modelsDir, providers, warn: warnDeprecated })).map(withoutOrder);
  const reloader: Reloader = new Reloader({
    prepare: [async () => prepareTokens(config, tokens)],
    replacePipelines: async () => {
      const next = await readPipelines();
      const nextFingerprints = await fingerprintsOf(next, modelsDir);
      const generation = await reload(next);
      host.setPipelines(nextFingerprints);
      return generation;
    },
    log,
  });
  let isReady = false;
  let isStopping = () => false;
  handleSignals({
    log,
    stop: () => process.kill(process.pid, 'SIGTERM'),
    // Until it is ready, the host reads its files anyway; while it stops, it needs none.
    reload: () => isReady && !isStopping() && void reloader.request(),
  });
  const pipelines = await readPipelines();
  const fingerprints = await fingerprintsOf(pipelines, modelsDir);
  const accelerators = await openAccelerators(config, log);
  const { poolWorkers } = accelerators;
  const { broker, subjects, identity } = await connectBroker('host', brokerConfig, config, log);
  // One frame may wait per worker.
  const maxHeldBytes = poolWorkers * config.maxFrameBytes;
  const { pool, started, reload } = startLocalPool({
    ...config,
    ...accelerators,
    maxHeldBytes,
    pipelines,
    log,
    observer,
  });
  const host = new Host({ channel: broker, subjects, identity, pool, maxWaitMs, log, observer });
  const systemd = new SystemdNotifier({
    ...notifyEnvironment(),
    isHealthy: () => pool.status().ready > 0,
    warn: (reason) => process.emitWarning(reason),
  });
  let admin: HostServer | undefined;
  let stopped: Promise<boolean> | undefined;
  const stop = () => {
    stopped ??= leave(host, pool, config)
      .then(async (ended) => (await closeAccelerators(accelerators)) && ended)
      .finally(async () => {
        await broker.close();
        admin?.close();
      });
    return stopped;
  };
  isStopping = stopAndExitOnSignal({ log, stop, stopping: () => systemd.stopping() });
  try {
    admin = await startAdmin({
      ...{ config, pool, pipelines, log, observer, authorizer, version },
      lifecycle: { isDraining: () => isStopping(), reloads: () => reloader.status },
    });
    await started;
  } catch (error) {
    // A signal during startup stops the workers too; its handler ends the process.
    if (isStopping()) return;
    await broker.close();
    if (!(await pool.stop(config.shutdownGraceMs)) || !(await closeAccelerators(accelerators))) {
      log.fatal('stop_timeout', { err: error }, 'worker did not stop in time');
      killProcess(log);
    }
    throw error;
  }
  if (isStopping()) return;
  isReady = true;
  host.start(fingerprints);
  registerService({ channel: broker, subjects, identity, group: brokerConfig.group, host });
  const poolStatus = () => pool.status();
  exitWhenUnready({ pool, maxUnreadyMs: config.maxUnreadyMs, log, isStopping, stop });
  new HealthLog({ observers: observer, log, poolStatus, isStopping }).start();
  const start_ms = Math.round(performance.now() - startedAtMs);
  const { pipelines: loaded, reports } = pool.status();
  const names = { host: identity.name, id: identity.id, group: brokerConfig.group };
  const shown = admin === undefined ? {} : { admin: urlOf(config, admin.address) };
  const setup = { workers: poolWorkers, models_dir: modelsDir, pipelines: loaded, ...reports[0] };
  log.info('ready', { ...names, ...shown, ...setup, start_ms }, 'ready');
  void systemd.ready();
}

/** To a host, a gateway is one session. Of the sessions behind it, the gateway sends one frame at a time where their pipeline asks for that. */
function withoutOrder(pipeline: Pipeline): Pipeline {
  return { ...pipeline, rules: { ...pipeline.rules, sequential: false } };
}

/** Finishes the frames that it has. @returns whether every thread has ended within `shutdownGraceMs`. */
async function leave(host: Host, pool: Pool, { shutdownGraceMs }: Config): Promise<boolean> {
  const deadlineMs = performance.now() + shutdownGraceMs;
  await Promise.race([host.leave(), sleep(shutdownGraceMs, undefined, { ref: false })]);
  return pool.stop(Math.max(0, deadlineMs - performance.now()));
}

/** Listens only with ADMIN_PORT. @throws ConfigError if it cannot. */
async function startAdmin(parts: Omit<HostServerParts, 'address' | 'metrics'>): Promise<HostServer | undefined> {
  const { config, pool, lifecycle } = parts;
  if (config.admin === undefined) return undefined;
  const metrics = new Metrics();
  metrics.add(poolGauges({ pool, reloads: lifecycle.reloads }));
  metrics.add(processMetrics(version));
  metrics.addDefaults();
  return startHostServer({ ...parts, metrics, address: config.admin });
}

function urlOf({ tls }: Config, { host, port }: ListenAddress): string {
  return `http${tls === undefined ? '' : 's'}://${localUrlHost(host)}:${port}/`;
}
