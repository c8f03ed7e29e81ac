/** `framegate serve`: configuration, pool, server, signals. Main thread. */
import { createAuthorizer, openAccessWarning, prepareTokens } from '../auth/create-authorizer.ts';
import { type Config, configOfProcess, notifyEnvironment } from '../config.ts';
import { failureExitCode } from '../errors.ts';
import { logEvents } from '../observe/event-log.ts';
import { eventMetrics } from '../observe/event-metrics.ts';
import { HealthLog } from '../observe/health-log.ts';
import type { ProcessLog } from '../observe/log.ts';
import { Metrics } from '../observe/metrics.ts';
import { Observers } from '../observe/observer.ts';
import { openLog } from '../observe/open-log.ts';
import { processMetrics } from '../observe/process-metrics.ts';
import { openStderr } from '../observe/stderr.ts';
import { loadPipelines } from '../pipeline/registry.ts';
import { startLocalPool } from '../pool/local-pool.ts';
import type { Pool } from '../pool/pool.ts';
import { streamPath } from '../protocol.ts';
import { type Server, startServer } from '../server/app.ts';
import { localUrlHost } from '../url-host.ts';
import { version } from '../version.ts';
import { logCertificate, prepareCertificate } from './certificate.ts';
import { ReadyWatch } from './ready-watch.ts';
import { Reloader } from './reloader.ts';
import { handleSignals, stopOnSignals } from './signals.ts';
import { SystemdNotifier } from './systemd-notify.ts';

/** Flags of `serve`: each overrides the environment variable of the same name. */
export interface ServeFlags {
  readonly host?: string;
  readonly port?: string;
  readonly adminHost?: string;
  readonly adminPort?: string;
  readonly workers?: string;
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
    MODELS_DIR: flags.modelsDir,
  });
  const startedAtMs = performance.now();
  openStderr();
  const { log, writer } = openLog(config);
  process.once('exit', () => log.flush());
  logRuntimeWarnings(log);
  const observer = new Observers();
  logEvents(observer, log, config);
  const warnDeprecated = (line: string) => log.warn('config_deprecated', {}, line);
  for (const line of config.deprecations) warnDeprecated(line);
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
      const generation = await reloadPool(next);
      server.setPipelines(next);
      counted.setPipelines(next);
      return generation;
    },
    log,
  });
  const systemd = new SystemdNotifier({
    ...notifyEnvironment(),
    isHealthy: () => pool.status().ready > 0,
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
  const { pool, started, reload: reloadPool } = startLocalPool({ ...config, pipelines, log, observer });
  let server: Server;
  let isStopping = () => false;
  try {
    server = withSharedStop(
      await startServer({
        ...{ config, pool, pipelines, log, observer, metrics, authorizer, version },
        reloads: () => reloader.status,
      }),
    );
    metrics.addDefaults();
    isStopping = stopOnSignal(server, log, systemd);
    await started;
    isReady = true;
  } catch (error) {
    // A signal during startup stops the workers too; its handler ends the process.
    if (isStopping()) return;
    if (!(await pool.stop(config.shutdownGraceMs))) {
      log.fatal('stop_timeout', { err: error }, 'worker did not stop in time');
      killProcess(log);
    }
    throw error;
  }
  const urls = urlsOf(config, server);
  watchWorkers(config, server, pool, log, isStopping);
  const start_ms = Math.round(performance.now() - startedAtMs);
  log.info('ready', { ...urls, host: config.host, ...summaryOf(config, pool), start_ms }, 'ready');
  const poolStatus = () => pool.status();
  new HealthLog({ observers: observer, log, poolStatus, isStopping }).start();
  void systemd.ready();
  // Log lines are for programs; a person at a terminal wants to know what to open.
  if (process.stderr.isTTY) writer.write(`\nframegate is ready: open ${urls.page} in a browser.\n\n`);
}

/** Node would print its warnings, such as deprecations, between the lines of the log. Those of workers are `tool_output`. */
function logRuntimeWarnings(log: ProcessLog): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => log.warn('runtime_warning', { err: warning }, warning.message));
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
function withSharedStop(server: Server): Server {
  let stopped: Promise<boolean> | undefined;
  const stop = () => {
    stopped ??= server.stop();
    return stopped;
  };
  return { ...server, stop };
}

/** Stops the gateway when its pool has had no ready worker for too long. */
function watchWorkers(config: Config, server: Server, pool: Pool, log: ProcessLog, isStopping: () => boolean): void {
  if (config.maxUnreadyMs === 0) return;
  const onTimeout = async (unreadyMs: number) => {
    if (isStopping()) return;
    const { size, ready, timedOut } = pool.status();
    const fields = { size, ready, timed_out: timedOut, unready_ms: Math.round(unreadyMs) };
    log.fatal('pool_unready', fields, 'no worker ready for too long');
    if (await server.stop()) process.exit(failureExitCode);
    exitWithFailure(log);
  };
  new ReadyWatch({ ready: () => pool.status().ready, maxUnreadyMs: config.maxUnreadyMs, onTimeout }).start();
}

function summaryOf(config: Config, pool: Pool): object {
  const { pipelines, reports } = pool.status();
  return { workers: config.poolWorkers, models_dir: config.modelsDir, pipelines, ...reports[0] };
}

/** @returns whether a signal has arrived. */
function stopOnSignal(server: Server, log: ProcessLog, systemd: SystemdNotifier): () => boolean {
  let isStopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    isStopping = true;
    log.info('stopping', { signal }, 'stopping');
    const told = systemd.stopping();
    if (await server.stop()) {
      log.info('stopped', {}, 'stopped');
      await told;
      process.exit(0);
    }
    log.fatal('stop_timeout', { signal }, 'worker did not stop in time');
    killProcess(log);
  };
  stopOnSignals(['SIGTERM', 'SIGINT'], stop, () => killProcess(log));
  return () => isStopping;
}

/** The only way to exit while a thread is inside native code: a normal exit would abort in native destructors. */
function killProcess(log: ProcessLog): never {
  log.flush();
  process.kill(process.pid, 'SIGKILL');
  throw new Error('killed');
}

/**
 * Exits with code 1 while a thread is inside native code: execve replaces this process by a program that only exits with that code, and
 * the kernel ends all threads without running destructors. If Node or the system does not support it, uses SIGKILL.
 */
function exitWithFailure(log: ProcessLog): never {
  log.flush();
  if (process.execve !== undefined && process.platform !== 'win32') {
    process.execve(process.execPath, [process.execPath, '-e', `process.exit(${failureExitCode})`], {});
  }
  return killProcess(log);
}
