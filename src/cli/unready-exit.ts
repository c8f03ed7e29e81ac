/** Ends a process whose pool has had no ready worker for too long, so that a service manager restarts it. Main thread. */
import { failureExitCode } from '../errors.ts';
import type { ProcessLog } from '../observe/log.ts';
import type { Pool } from '../pool/pool.ts';
import { exitWithFailure } from './process-exit.ts';
import { ReadyWatch } from './ready-watch.ts';

export interface UnreadyExitOptions {
  readonly pool: Pick<Pool, 'status'>;
  /** 0 for no limit. */
  readonly maxUnreadyMs: number;
  readonly log: ProcessLog;
  readonly isStopping: () => boolean;
  /** Finishes what runs. @returns whether every thread has ended. */
  readonly stop: () => Promise<boolean>;
}

export function exitWhenUnready({ pool, maxUnreadyMs, log, isStopping, stop }: UnreadyExitOptions): void {
  if (maxUnreadyMs === 0) return;
  const onTimeout = async (unreadyMs: number) => {
    if (isStopping()) return;
    const { size, ready, timedOut } = pool.status();
    const fields = { size, ready, timed_out: timedOut, unready_ms: Math.round(unreadyMs) };
    log.fatal('pool_unready', fields, 'no worker ready for too long');
    if (await stop()) process.exit(failureExitCode);
    exitWithFailure(log);
  };
  new ReadyWatch({ ready: () => pool.status().ready, maxUnreadyMs, onTimeout }).start();
}
