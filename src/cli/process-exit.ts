/** How the commands that run worker threads end their process. Main thread. */
import { failureExitCode } from '../errors.ts';
import type { ProcessLog } from '../observe/log.ts';
import { stopOnSignals } from './signals.ts';

/** The only way to exit while a thread is inside native code: a normal exit would abort in native destructors. */
export function killProcess(log: ProcessLog): never {
  log.flush();
  process.kill(process.pid, 'SIGKILL');
  throw new Error('killed');
}

/**
 * Exits with code 1 while a thread is inside native code: execve replaces this process by a program that only exits with that code, and
 * the kernel ends all threads without running destructors. If Node or the system does not support it, uses SIGKILL.
 */
export function exitWithFailure(log: ProcessLog): never {
  log.flush();
  if (process.execve !== undefined && process.platform !== 'win32') {
    process.execve(process.execPath, [process.execPath, '-e', `process.exit(${failureExitCode})`], {});
  }
  return killProcess(log);
}

export interface StopOptions {
  readonly log: ProcessLog;
  /** Finishes what runs. @returns whether every thread has ended. */
  readonly stop: () => Promise<boolean>;
  /** Told when it begins; the process waits for it before it exits. */
  readonly stopping: () => Promise<void>;
}

/** Stops at SIGTERM and SIGINT, and exits. @returns whether one has arrived. */
export function stopAndExitOnSignal({ log, stop, stopping }: StopOptions): () => boolean {
  let isStopping = false;
  const onSignal = async (signal: NodeJS.Signals) => {
    isStopping = true;
    log.info('stopping', { signal }, 'stopping');
    const told = stopping();
    if (await stop()) {
      log.info('stopped', {}, 'stopped');
      await told;
      process.exit(0);
    }
    log.fatal('stop_timeout', { signal }, 'worker did not stop in time');
    killProcess(log);
  };
  stopOnSignals(['SIGTERM', 'SIGINT'], onSignal, () => killProcess(log));
  return () => isStopping;
}
