/** Logs when the gateway is overloaded or workers are missing, and when that is over. Main thread. */
import type { Log } from './log.ts';
import type { Observers } from './observer.ts';
import { Overload } from './overload.ts';
import { PoolHealth } from './pool-health.ts';

export interface HealthLogParts {
  readonly observers: Observers;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Workers that stop are not missing. */
  readonly isStopping: () => boolean;
  readonly poolStatus: () => { readonly ready: number; readonly size: number; readonly timedOut: number };
}

const checkMs = 1000;
const msPerSecond = 1000;
/** Decimal places of a share. */
const shareDigits = 3;

export class HealthLog {
  readonly #parts: HealthLogParts;
  readonly #overload = new Overload();
  readonly #health = new PoolHealth();

  constructor(parts: HealthLogParts) {
    this.#parts = parts;
    parts.observers.on('frameEnded', (_source, { end }) => {
      this.#overload.record(end.type === 'dropped' ? end.reason : undefined, performance.now());
    });
  }

  /** Checks once a second, without keeping the process alive. */
  start(): void {
    setInterval(() => this.check(performance.now()), checkMs).unref();
  }

  /** @param nowMs monotonic time. */
  check(nowMs: number): void {
    if (this.#parts.isStopping()) return;
    this.#checkOverload(nowMs);
    this.#checkPool(nowMs);
  }

  #checkOverload(nowMs: number): void {
    const change = this.#overload.check(nowMs);
    if (change === undefined) return;
    const { log } = this.#parts;
    const { type, frames, dropped, share, durationMs } = change;
    const fields = { frames, dropped, drop_rate: Number(share.toFixed(shareDigits)) };
    if (type === 'start') log.warn('overload_start', fields, 'overloaded; many frames are dropped for want of workers');
    else log.info('overload_end', { ...fields, seconds: secondsOf(durationMs) }, 'no longer overloaded');
  }

  #checkPool(nowMs: number): void {
    const { log, poolStatus } = this.#parts;
    const { ready, size, timedOut } = poolStatus();
    const change = this.#health.check({ ready, size }, nowMs);
    if (change === undefined) return;
    const fields = { ready, size, missing: Math.max(0, size - ready), timed_out: timedOut };
    const seconds = secondsOf(change.durationMs);
    if (change.type === 'degraded') log.warn('pool_degraded', { ...fields, seconds }, 'workers are missing');
    else log.info('pool_recovered', { ...fields, seconds }, 'all workers are ready again');
  }
}

function secondsOf(ms: number): number {
  return Math.round(ms / msPerSecond);
}
