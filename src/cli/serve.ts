/** `framegate serve`: configuration, pool, server, signals. Main thread. */
import { createAuthorizer, openAccessWarning, prepareTokens } from '../auth/create-authorizer.ts';
import { type Config, configOfProcess, notifyEnvironment } from '../config.ts';
import { eventMetrics } from '../observe/event-metrics.ts';
import { HealthLog } from '../observe/health-log.ts';
import { Metrics } from '../observe/metrics.ts';
import { processMetrics } from '../observe/process-metrics.ts';
import { loadPipelines } from '../pipeline/registry.ts';
import { startLocalPool } from '../pool/local-pool.ts';
import type { Pool } from '../pool/pool.ts';
import { streamPath } from '../protocol.ts';
import { type Server, startServer } from '../server/app.ts';
import { localUrlHost } from '../url-host.ts';
import { version } from '../version.ts';
import { type Accelerators, closeAccelerators, openAccelerators } from './accelerators.ts';
import { logCertificate, prepareCertificate } from './certificate.ts';
import { killProcess, stopAndExitOnSignal } from './process-exit.ts';
import { openProcessLog } from './process-log.ts';
import { Reloader } from './reloader.ts';
import { connectHosts } from './remote-hosts.ts';
import { handleSignals } from './signals.ts';
import { SystemdNotifier } from './systemd-notify.ts';
import { exitWhenUnready } from './unready-exit.ts';

/** Flags of `serve`: each overrides the environment variable of the same name. */
export interface ServeFlags {
  readonly host?: string;
  readonly port?: string;
  readonly adminHost?: string;
  readonly adminPort?: string;
  readonly workers?: string;
  readonly nats?: string;
  readonly group?: string;
  readonly modelsDir?: string;
}

/**
 * Runs the server until SIGTERM or SIGINT.
 * @throws ConfigError if it cannot start.
 */
export async function serve(flags: ServeFlags): Promise<void> {
  const config = configOfProcess({
    HOST: flags.host,
    PORT: flags.port,
    ADMIN_HOST: flags.adminHost,
    ADMIN_PORT: flags.adminPort,
    POOL_WORKERS: flags.workers,
    NATS_URL: flags.nats,
    NATS_GROUP: flags.group,
    MODELS_DIR: flags.modelsDir,
  });
  const startedAtMs = performance.now();
  const { log, writer, observer, warnDeprecated } = openProcessLog(config);
  const { authorizer, tokens } = createAuthorizer(config, (line) => log.warn('keys_unavailable', {}, line));
  const warning = openAccessWarning(config, authorizer);
  if (warning !== undefined) log.warn('open_access', { host: config.host }, warning);
  const { modelsDir, providers } = config;
  const readPipelines = () => loadPipelines({ modelsDir, providers, warn: warnDeprecated });
  const reloader: Reloader = new Reloader({
    prepare: [
      async () => prepareCertificate(config, log, () => server.renewCertificate()),
      async () => prepareTokens(config, tokens),
    ],
    replacePipelines: async () => {
      const next = await readPipelines();
      const useHostsWith = await hosts?.prepare(next);
      const generation = await reloadPool(next);
      useHostsWith?.(generation);
      server.setPipelines(next);
      counted.setPipelines(next);
      return generation;
    },
    log,
  });
  const systemd = new SystemdNotifier({
    ...notifyEnvironment(),
    isHealthy: () => config.poolWorkers === 0 || pool.status().ready > 0,
    warn: (reason) => process.emitWarning(reason),
  });
  const reload = async () => {
    void systemd.reloading();
    await reloader.request();
    if (!isStopping()) void systemd.ready();
  };
  let isReady = false;
  handleSignals({
    log,
    stop: () => process.kill(process.pid, 'SIGTERM'),
    // Until it is ready, the gateway reads its files anyway; while it stops, it needs none.
    reload: () => isReady && !isStopping() && void reload(),
  });
  logCertificate(config, log);
  const pipelines = await readPipelines();
  const metrics = new Metrics();
  const counted = eventMetrics(observer, pipelines);
  metrics.add(counted.metrics);
  metrics.add(processMetrics(version));
  const accelerators = await openAccelerators(config, log);
  const hosts = await connectHosts(config, log, observer);
  const local = startLocalPool({ ...config, ...accelerators, pipelines, log, observer, remote: hosts?.execution });
  const { pool, started, reload: reloadPool } = local;
  let server: Server;
  let isStopping = () => false;
  try {
    server = withSharedStop(
      await startServer({
        ...{ config, pool, pipelines, log, observer, metrics, authorizer, version },
        reloads: () => reloader.status,
      }),
      async () => {
        await hosts?.stop();
        return closeAccelerators(accelerators);
      },
    );
    metrics.addDefaults();
    isStopping = stopAndExitOnSignal({ log, stop: () => server.stop(), stopping: () => systemd.stopping() });
    await hosts?.start(local, pipelines);
    await started;
    isReady = true;
  } catch (error) {
    // A signal during startup stops the workers too; its handler ends the process.
    if (isStopping()) return;
    await hosts?.stop();
    if (!(await pool.stop(config.shutdownGraceMs)) || !(await closeAccelerators(accelerators))) {
      log.fatal('stop_timeout', { err: error }, 'worker did not stop in time');
      killProcess(log);
    }
    throw error;
  }
  const urls = urlsOf(config, server);
  // Without threads of its own, a restart would not help.
  const maxUnreadyMs = config.poolWorkers === 0 ? 0 : config.maxUnreadyMs;
  exitWhenUnready({ pool, maxUnreadyMs, log, isStopping, stop: () => server.stop() });
  const start_ms = Math.round(performance.now() - startedAtMs);
  log.info('ready', { ...urls, host: config.host, ...summaryOf(config, accelerators, pool), start_ms }, 'ready');
  const poolStatus = () => pool.status();
  new HealthLog({ observers: observer, log, poolStatus, isStopping }).start();
  void systemd.ready();
  // Log lines are for programs; a person at a terminal wants to know what to open.
  if (process.stderr.isTTY) writer.write(`\nframegate is ready: open ${urls.page} in a browser.\n\n`);
}

/** URLs for clients and browsers on this machine. */
function urlsOf({ host, tls }: Config, { port, admin }: Server): { url: string; page: string; admin?: string } {
  const s = tls === undefined ? '' : 's';
  const origin = `${localUrlHost(host)}:${port}`;
  return {
    url: `ws${s}://${origin}${streamPath}`,
    page: `http${s}://${origin}/`,
    ...(admin === undefined ? {} : { admin: `http${s}://${localUrlHost(admin.host)}:${admin.port}/` }),
  };
}

/** A signal and the unready watch may both stop the server; they share one stop. */
function withSharedStop(server: Server, afterStop: () => Promise<boolean>): Server {
  let stopped: Promise<boolean> | undefined;
  const stopAll = async () => {
    const ended = await server.stop();
    return (await afterStop()) && ended;
  };
  const stop = () => {
    stopped ??= stopAll();
    return stopped;
  };
  return { ...server, stop };
}

function summaryOf(config: Config, { poolWorkers }: Accelerators, pool: Pool): object {
  const { pipelines, reports, hosts } = pool.status();
  const remote = config.broker === undefined ? {} : { hosts: hosts.length };
  return { workers: poolWorkers, ...remote, models_dir: config.modelsDir, pipelines, ...reports[0] };
}
