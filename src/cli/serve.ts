/** `framegate serve`: configuration, pool, server, signals. Main thread. */
import { createAuthorizer, openAccessWarning } from '../auth/create-authorizer.ts';
import { type Config, configOfProcess } from '../config.ts';
import { failureExitCode } from '../errors.ts';
import { logEvents } from '../observe/event-log.ts';
import { stderrWriter } from '../observe/line-writer.ts';
import { createLog, describeDropped, type ProcessLog } from '../observe/log.ts';
import { Observers } from '../observe/observer.ts';
import { openStderr } from '../observe/stderr.ts';
import { loadPipelines } from '../pipeline/registry.ts';
import { startLocalPool } from '../pool/local-pool.ts';
import type { Pool } from '../pool/pool.ts';
import { streamPath } from '../protocol.ts';
import { type Server, startServer } from '../server/app.ts';
import { version } from '../version.ts';
import { ReadyWatch } from './ready-watch.ts';
import { handleSignals, stopOnSignals } from './signals.ts';

/** Flags of `serve`: each overrides the environment variable of the same name. */
export interface ServeFlags {
  readonly host?: string;
  readonly port?: string;
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
    POOL_WORKERS: flags.workers,
    MODELS_DIR: flags.modelsDir,
  });
  const startedAtMs = performance.now();
  openStderr();
  const writer = stderrWriter(describeDropped);
  const log = createLog({ level: config.logLevel, writer });
  process.once('exit', () => log.flush());
  const observer = new Observers();
  logEvents(observer, log);
  handleSignals({ log, stop: () => process.kill(process.pid, 'SIGTERM') });
  for (const line of config.deprecations) log.warn(line);
  const { authorizer } = createAuthorizer(config, (line) => log.warn(line));
  const warning = openAccessWarning(config, authorizer);
  if (warning !== undefined) log.warn(warning);
  const { modelsDir, providers } = config;
  const pipelines = await loadPipelines({ modelsDir, providers, warn: (line) => log.warn(line) });
  const { pool, started } = startLocalPool({ ...config, pipelines, log, observer });
  let server: Server;
  let isStopping = () => false;
  try {
    server = withSharedStop(await startServer({ config, pool, pipelines, log, observer, authorizer, version }));
    isStopping = stopOnSignal(server, log);
    await started;
  } catch (error) {
    // A signal during startup stops the workers too; its handler ends the process.
    if (isStopping()) return;
    if (!(await pool.stop(config.shutdownGraceMs))) {
      log.fatal({ err: error }, 'worker did not stop in time');
      killProcess(log);
    }
    throw error;
  }
  const url = `ws://${config.host}:${server.port}${streamPath}`;
  const page = consoleUrl(config.host, server.port);
  watchWorkers(config, server, pool, log, isStopping);
  log.info({ url, page, ...summaryOf(config, pool), startMs: Math.round(performance.now() - startedAtMs) }, 'ready');
  // Log lines are for programs; a person at a terminal wants to know what to open.
  if (process.stderr.isTTY) writer.write(`\nframegate is ready: open ${page} in a browser.\n\n`);
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
    log.fatal({ size, ready, timedOut, unreadyMs: Math.round(unreadyMs) }, 'no worker ready for too long');
    if (await server.stop()) process.exit(failureExitCode);
    exitWithFailure(log);
  };
  new ReadyWatch({ ready: () => pool.status().ready, maxUnreadyMs: config.maxUnreadyMs, onTimeout }).start();
}

/** URL of the console for a browser on this machine; a wildcard address becomes the loopback address. */
export function consoleUrl(host: string, port: number): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}/`;
}

function summaryOf(config: Config, pool: Pool): object {
  const { pipelines, reports } = pool.status();
  return { workers: config.poolWorkers, modelsDir: config.modelsDir, pipelines, ...reports[0] };
}

/** @returns whether a signal has arrived. */
function stopOnSignal(server: Server, log: ProcessLog): () => boolean {
  let isStopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    isStopping = true;
    log.info({ signal }, 'stopping');
    if (await server.stop()) {
      log.info('stopped');
      process.exit(0);
    }
    log.fatal('worker did not stop in time');
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
