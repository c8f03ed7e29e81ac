/** `framegate serve`: configuration, pool, server, signals. Main thread. */
import { type Config, configOfProcess } from '../config.ts';
import { failureExitCode } from '../errors.ts';
import { stderrWriter } from '../observe/line-writer.ts';
import { createLog, describeDropped, type ProcessLog } from '../observe/log.ts';
import { openStderr } from '../observe/stderr.ts';
import { loadPipelines } from '../pipeline/registry.ts';
import { startLocalPool } from '../pool/local-pool.ts';
import type { Pool } from '../pool/pool.ts';
import { streamPath } from '../protocol.ts';
import { type Server, startServer } from '../server/app.ts';
import { ReadyWatch } from './ready-watch.ts';
import { handleSignals } from './signals.ts';

/** Flags of `serve`: each stands for the variable of the same name and wins over it. */
export interface ServeFlags {
  readonly host?: string;
  readonly port?: string;
  readonly workers?: string;
  readonly modelsDir?: string;
}

/** Ctrl-C reaches the server from the terminal and once more from the launcher; a later signal means "now". */
const duplicateSignalMs = 1000;

/**
 * Runs the server until SIGTERM or SIGINT.
 * @throws ConfigError when it cannot start.
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
  handleSignals({ log, stop: () => process.kill(process.pid, 'SIGTERM') });
  for (const line of config.deprecations) log.warn(line);
  const { modelsDir, providers } = config;
  const pipelines = await loadPipelines({ modelsDir, providers, warn: (line) => log.warn(line) });
  const { pool, started } = startLocalPool({ ...config, pipelines, log });
  let server: Server;
  let isStopping = () => false;
  try {
    server = stoppedOnce(await startServer({ config, pool, pipelines, log }));
    isStopping = stopOnSignals(server, log);
    await started;
  } catch (error) {
    // A signal while workers load ends them too; its handler ends the process.
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
  // Log lines are for programs; whoever has just typed the command wants to know where to look.
  if (process.stderr.isTTY) writer.write(`\nframegate is ready: open ${page} in a browser.\n\n`);
}

/** A signal may come while the gateway gives up: both wait for the same stop. */
function stoppedOnce(server: Server): Server {
  let stopped: Promise<boolean> | undefined;
  const stop = () => {
    stopped ??= server.stop();
    return stopped;
  };
  return { ...server, stop };
}

/** Ends the gateway when its pool has had no worker for too long. */
function watchWorkers(config: Config, server: Server, pool: Pool, log: ProcessLog, isStopping: () => boolean): void {
  if (config.maxUnreadyMs === 0) return;
  const giveUp = async (unreadyMs: number) => {
    if (isStopping()) return;
    const { size, ready, timedOut } = pool.status();
    log.fatal({ size, ready, timedOut, unreadyMs: Math.round(unreadyMs) }, 'no worker ready for too long');
    if (await server.stop()) process.exit(failureExitCode);
    failImmediately(log);
  };
  new ReadyWatch({ ready: () => pool.status().ready, maxUnreadyMs: config.maxUnreadyMs, giveUp }).start();
}

/** Where a browser on this machine finds the console; one that listens everywhere is found at home too. */
export function consoleUrl(host: string, port: number): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}/`;
}

function summaryOf(config: Config, pool: Pool): object {
  const { pipelines, reports } = pool.status();
  return { workers: config.poolWorkers, modelsDir: config.modelsDir, pipelines, ...reports[0] };
}

/** @returns whether a signal has come. */
function stopOnSignals(server: Server, log: ProcessLog): () => boolean {
  let stoppingSinceMs: number | undefined;
  const stop = async (signal: NodeJS.Signals) => {
    if (stoppingSinceMs !== undefined) {
      if (performance.now() - stoppingSinceMs > duplicateSignalMs) killProcess(log);
      return;
    }
    stoppingSinceMs = performance.now();
    log.info({ signal }, 'stopping');
    if (await server.stop()) {
      log.info('stopped');
      process.exit(0);
    }
    log.fatal('worker did not stop in time');
    killProcess(log);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  return () => stoppingSinceMs !== undefined;
}

/** The only way out while a thread is inside native code: an ordinary exit would abort in its destructors. */
function killProcess(log: ProcessLog): never {
  log.flush();
  process.kill(process.pid, 'SIGKILL');
  throw new Error('killed');
}

/**
 * Ends with code 1 while a thread is inside native code: another program, which only ends with that code, takes the place of this one, and
 * the system ends all threads without a destructor. Where Node or the system cannot, SIGKILL is left.
 */
function failImmediately(log: ProcessLog): never {
  log.flush();
  if (process.execve !== undefined && process.platform !== 'win32') {
    process.execve(process.execPath, [process.execPath, '-e', `process.exit(${failureExitCode})`], {});
  }
  return killProcess(log);
}
